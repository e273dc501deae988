#include "base/text.h"
#include "cli/client_commands.h"

namespace slipway::cli {

// The shell asks the program itself: `slipway completion -- WORDS...` prints what may come next, so scripts never grow
// old.
static Task<int> completion(runtime::RealWorld& world, Invocation said) {
  std::string shell = said.arguments.empty() ? "bash" : said.arguments[0];
  if (shell == "bash") {
    print(
        "_slipway() { local IFS=$'\\n'; COMPREPLY=($(slipway complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
        "2>/dev/null)); }\n"
        "complete -o default -F _slipway slipway\n");
  } else if (shell == "zsh") {
    print(
        "#compdef slipway\n_slipway() { compadd -- ${(f)\"$(slipway complete -- \"${words[@]:1:$((CURRENT-1))}\" "
        "2>/dev/null)\"} }\n"
        "compdef _slipway slipway\n");
  } else if (shell == "fish") {
    print("complete -c slipway -f -a '(slipway complete -- (commandline -opc)[2..] (commandline -ct))'\n");
  } else {
    co_return report(fail(ErrorKind::bad_request, "no completion for {}: expected bash, zsh or fish", shell));
  }
  co_return 0;
}

Command completion_command() {
  return {.words = "completion",
          .arguments = "[bash|zsh|fish]",
          .summary = "print the script that completes words in a shell",
          .help = "  source <(slipway completion bash)\n",
          .arguments_max = 1,
          .run = completion};
}

}  // namespace slipway::cli
