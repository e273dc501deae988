// Command lines, and what they come to: what the command is told, or what the person is.
#include "cli/command.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "cli/client_commands.h"

using namespace slipway;
using namespace slipway::cli;

namespace {

std::string told;  // of the last invocation

Task<int> record(runtime::RealWorld&, Invocation said) {
  told = base::join(said.arguments, " ");
  for (const char* name : {"--path", "--data", "--mirror", "--json"}) {
    if (said.has(name)) told += fmt::format(" {}={}", name, base::join(said.all(name), "+"));
  }
  if (!said.rest.empty()) told += " -- " + base::join(said.rest, " ");
  co_return 7;
}

std::vector<Command> commands() {
  Command up{.words = "up", .arguments = "[REPO]", .summary = "run it", .help = "Runs it.\n"};
  up.options = {{"--path", "DIR", "the folder", ".", false, 'p'},
                {"--data", "DIR", "where"},
                {"--mirror", "A=B", "instead", "", true},
                {"--json", "", "an object"}};
  up.arguments_max = 1;
  up.run = record;
  Command app{.words = "app", .arguments = "", .summary = "applications"};
  app.run = record;
  Command sync{.words = "app sync", .arguments = "NAME", .summary = "now"};
  sync.arguments_min = sync.arguments_max = 1;
  sync.run = record;
  Command list{.words = "app list", .summary = "all"};
  list.run = record;
  return {up, app, sync, list};
}

struct Said {
  int code;
  std::string out, err;
};

// Takes what is written to a file descriptor until the end of its life.
class Caught {
 public:
  explicit Caught(int fd) : fd_(fd), kept_(::dup(fd)), file_(std::tmpfile()) { ::dup2(fileno(file_), fd_); }
  ~Caught() { std::fclose(file_); }
  std::string release() {
    std::fflush(fd_ == STDERR_FILENO ? stderr : stdout);
    ::dup2(kept_, fd_);
    ::close(kept_);
    std::rewind(file_);
    std::string text(1 << 16, 0);
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

 private:
  int fd_, kept_;
  FILE* file_;
};

Said say(const std::vector<Command>& known, std::string_view line) {
  std::vector<std::string> words = {"slipway"};
  for (auto word : base::split(line, ' ')) {
    if (!word.empty()) words.emplace_back(word == "''" ? std::string_view() : word);
  }
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  told = "(not run)";
  std::fflush(stdout);
  Caught out(STDOUT_FILENO), err(STDERR_FILENO);
  auto make_world = [](bool) { return runtime::RealWorld::create({.pool_threads = 1}); };
  int code = run(known, make_world, static_cast<int>(argv.size()), argv.data());
  return {code, out.release(), err.release()};
}

}  // namespace

TEST_CASE("what a command is told") {
  struct Case {
    const char *line, *told;
  };
  for (auto [line, expected] : {
           Case{"up", " --path=."},
           {"up repo --path a", "repo --path=a"},
           {"up --path=a repo", "repo --path=a"},
           {"up -p a", " --path=a"},
           {"up --path=a=b", " --path=a=b"},
           {"up --path --json", " --path=--json"},  // it takes a value, whatever that looks like
           {"up --mirror a=b --mirror c=d", " --path=. --mirror=a=b+c=d"},
           {"up --json", " --path=. --json="},
           {"up -", "- --path=."},
           {"up -- --path a", " --path=. -- --path a"},
           {"app", ""},
           {"app sync web", "web"},
       }) {
    Said said = say(commands(), line);
    CHECK_MESSAGE(told == expected, line);
    CHECK(said.code == 7);
    CHECK(said.err == "");
  }
}

TEST_CASE("what is said wrongly is told with the nearest right word, and nothing runs") {
  struct Case {
    const char *line, *part;
  };
  for (auto [line, part] : {
           Case{"up --pth a", "slipway up has no option --pth; did you mean --path?"},
           {"up --zzzzzzzz", "see: slipway up --help"},
           {"up -x", "has no option -x"},
           {"up --path", "--path needs a value: --path DIR"},
           {"up --path=", "--path needs a value, and was given an empty one"},
           {"up --json=yes", "--json takes no value"},
           {"up --path a --path b", "--path is said twice"},
           {"up a b", "expected: slipway up [REPO]"},
           {"app sync", "expected: slipway app sync NAME"},
           {"app snyc web", "expected: slipway app"},
           {"upp", "there is no command \"upp\"; did you mean \"slipway up\"?"},
           {"xyzzyxyzzy", "see: slipway --help"},
       }) {
    Said said = say(commands(), line);
    CHECK_MESSAGE(said.err.find(part) != std::string::npos, line << " gave " << said.err);
    CHECK(said.code == 2);
    CHECK(said.out == "");
    CHECK(told == "(not run)");
  }
}

TEST_CASE("help is an answer") {
  Said all = say(commands(), "--help");
  CHECK(all.code == 0);
  CHECK(all.out.find("app sync NAME") != std::string::npos);
  CHECK(say(commands(), "").out == all.out);
  for (const char* line : {"up --help", "up repo -h", "help up"}) {
    Said one = say(commands(), line);
    CHECK(one.code == 0);
    CHECK(one.out.starts_with("slipway up [REPO]\n\nRuns it.\n"));
    CHECK(one.out.find("-p, --path DIR") != std::string::npos);
    CHECK(one.out.find("(default: .)") != std::string::npos);
    CHECK(told == "(not run)");
  }
}

TEST_CASE("completion offers words, then options") {
  CHECK(say(commands(), "complete -- ''").out == "app\nup\n");
  CHECK(say(commands(), "complete -- app s").out == "sync\n");
  CHECK(say(commands(), "complete -- up --").out == "--data\n--help\n--json\n--mirror\n--path\n");
  CHECK(say(commands(), "complete -- up --p").out == "--path\n");
  CHECK(say(commands(), "complete -- nonsense --").out == "");
}

TEST_CASE("every command of this room can be asked for help, runs, and says what it takes once") {
  auto known = client_commands();
  CHECK(known.size() > 10);
  for (const Command& command : known) {
    CAPTURE(command.words);
    CHECK((command.run != nullptr));
    CHECK(command.arguments_min <= command.arguments_max);
    std::vector<std::string> seen;
    for (const Option& option : command.options) {
      CHECK(option.name.starts_with("--"));
      CHECK_FALSE(option.help.empty());
      CHECK(std::find(seen.begin(), seen.end(), option.name) == seen.end());
      seen.push_back(option.name);
      if (!option.letter) continue;
      std::string letter(1, option.letter);
      CHECK(std::find(seen.begin(), seen.end(), letter) == seen.end());
      seen.push_back(letter);
    }
    CHECK(say(known, command.words + " --help").code == 0);
  }
}
