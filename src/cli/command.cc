#include "cli/command.h"

#include <limits.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace slipway::cli {

namespace {

struct Match {
  const Command* command = nullptr;
  size_t words = 0;  // how many of the command line's words it took
};

// The command whose words begin the line; the longest wins ("app sync" before "app").
Match find_command(const std::vector<Command>& commands, const std::vector<std::string>& line) {
  Match best;
  for (const Command& command : commands) {
    auto words = base::split(command.words, ' ');
    if (command.otherwise || words.size() > line.size() || words.size() <= best.words) continue;
    if (std::equal(words.begin(), words.end(), line.begin())) best = {&command, words.size()};
  }
  return best;
}

void print_overview(const std::vector<Command>& commands) {
  print(
      "slipway runs what your Git repository says.\n\n"
      "  slipway up [REPO]       a cluster on this machine, kept equal to the repository\n"
      "  slipway COMMAND --help  more about a command\n\n");
  size_t width = 0;
  for (const Command& command : commands) width = std::max(width, command.words.size() + command.arguments.size() + 1);
  for (const Command& command : commands) {
    if (command.summary.empty()) continue;
    std::string usage = fmt::format("{}{}{}", command.words, command.arguments.empty() ? "" : " ", command.arguments);
    print(fmt::format("  {:<{}}  {}\n", usage, width, command.summary));
  }
}

// "app": the commands that begin with this word. False: none does.
bool print_group(const std::vector<Command>& commands, const std::string& word) {
  size_t width = 0;
  auto usage = [](const Command& c) {
    return fmt::format("{}{}{}", c.words, c.arguments.empty() ? "" : " ", c.arguments);
  };
  auto belongs = [&](const Command& c) { return c.words.starts_with(word + " "); };
  for (const Command& command : commands) {
    if (belongs(command)) width = std::max(width, usage(command).size());
  }
  if (width == 0) return false;
  print(fmt::format("slipway {} ...\n\n", word));
  for (const Command& command : commands) {
    if (belongs(command)) print(fmt::format("  slipway {:<{}}  {}\n", usage(command), width, command.summary));
  }
  return true;
}

int wrong_word(const std::vector<Command>& commands, const std::vector<std::string>& line) {
  std::vector<std::string> known;
  for (const Command& command : commands) known.push_back(command.words);
  std::string said = line[0];
  if (line.size() > 1 && line[1][0] != '-') said += " " + line[1];
  auto near = base::nearest(said, known);
  if (!near) near = base::nearest(line[0], known);
  complain(fmt::format("slipway: there is no command \"{}\"{}\n", said,
                       near ? fmt::format("; did you mean \"slipway {}\"?", *near) : "; see: slipway --help"));
  return 2;
}

Result<Invocation> parse(const Command& command, const std::vector<std::string>& line) {
  Invocation said;
  if (command.own_words) {
    said.arguments = line;
    return said;
  }
  auto find = [&](std::string_view word) -> const Option* {
    for (const Option& option : command.options) {
      if (option.name == word || (option.letter && word.size() == 2 && word[0] == '-' && word[1] == option.letter))
        return &option;
    }
    return nullptr;
  };
  for (size_t i = 0; i < line.size(); ++i) {
    const std::string& word = line[i];
    if (word == "--") {
      said.rest.assign(line.begin() + static_cast<long>(i) + 1, line.end());
      break;
    }
    if (word.empty()) return fail(ErrorKind::bad_request, "slipway {}: an argument is empty", command.words);
    if (word.size() < 2 || word[0] != '-') {
      said.arguments.push_back(word);
      continue;
    }
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    const Option* option = find(name);
    if (!option) {
      std::vector<std::string> known = {"--help", "--json"};
      for (const Option& o : command.options) known.push_back(o.name);
      auto near = base::nearest(name, known);
      return fail(
          ErrorKind::bad_request, "slipway {} has no option {}{}", command.words, name,
          near ? fmt::format("; did you mean {}?", *near) : fmt::format("; see: slipway {} --help", command.words));
    }
    std::string value;
    if (option->value.empty()) {
      if (equals != word.npos) return fail(ErrorKind::bad_request, "{} takes no value", name);
    } else if (equals != word.npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < line.size()) {
      value = line[++i];
    } else {
      return fail(ErrorKind::bad_request, "{} needs a value: {} {}", name, name, option->value);
    }
    if (!option->value.empty() && value.empty())
      return fail(ErrorKind::bad_request, "{} needs a value, and was given an empty one", name);
    if (said.has(option->name) && !option->repeated) return fail(ErrorKind::bad_request, "{} is said twice", name);
    said.add(option->name, value);
  }
  if (said.arguments.size() < command.arguments_min || said.arguments.size() > command.arguments_max) {
    return fail(ErrorKind::bad_request, "expected: slipway {} {}", command.words, command.arguments);
  }
  for (const Option& option : command.options) {
    if (!said.has(option.name) && !option.fallback.empty() && !option.value.empty())
      said.add(option.name, std::string(option.fallback));
  }
  return said;
}

// What may come after these words (the last one is being typed): words of commands, or options.
int complete(const std::vector<Command>& commands, std::vector<std::string> line) {
  std::string typed = line.empty() ? "" : line.back();
  if (!line.empty()) line.pop_back();
  std::vector<std::string> offers;
  Match match = find_command(commands, line);
  if (typed.starts_with('-') && match.command) {
    for (const Option& option : match.command->options) offers.push_back(option.name);
    offers.emplace_back("--help");
  } else {
    for (const Command& command : commands) {
      auto words = base::split(command.words, ' ');
      if (words.size() > line.size() && std::equal(line.begin(), line.end(), words.begin()))
        offers.emplace_back(words[line.size()]);
    }
  }
  std::sort(offers.begin(), offers.end());
  offers.erase(std::unique(offers.begin(), offers.end()), offers.end());
  for (const auto& offer : offers) {
    if (offer.starts_with(typed)) print(offer + "\n");
  }
  return 0;
}

}  // namespace

void print_help(const Command& command) {
  std::string_view help = command.help.empty() ? command.summary : command.help;
  while (help.ends_with('\n')) help.remove_suffix(1);
  print(fmt::format("slipway {}{}{}\n\n{}\n", command.words, command.arguments.empty() ? "" : " ", command.arguments,
                    help));
  if (command.options.empty()) return;
  print("\nOptions:\n");
  size_t width = 0;
  auto usage = [](const Option& o) {
    return fmt::format("{}{}{}{}", o.letter ? fmt::format("-{}, ", o.letter) : "", o.name, o.value.empty() ? "" : " ",
                       o.value);
  };
  for (const Option& option : command.options) width = std::max(width, usage(option).size());
  for (const Option& option : command.options) {
    std::string fallback = option.fallback.empty() ? "" : fmt::format(" (default: {})", option.fallback);
    print(fmt::format("  {:<{}}  {}{}\n", usage(option), width, option.help, fallback));
  }
}

std::string Invocation::option(const std::string& name, std::string fallback) const {
  auto it = values_.find(name);
  return it == values_.end() ? fallback : it->second.back();
}

std::vector<std::string> Invocation::all(const std::string& name) const {
  auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

Command also_called(Command command, std::string words, Literal summary) {
  command.words = std::move(words);
  command.summary = summary;
  return command;
}

namespace {

int unwritten = 0;  // why, by errno

int run_command(const std::vector<Command>& commands, MakeWorld make_world, int argc, char** argv) {
  std::vector<std::string> line(argv + 1, argv + argc);
  if (line.empty() || line[0] == "--help" || line[0] == "-h" || line[0] == "help") {
    if (line.size() > 1) {
      std::vector<std::string> words(line.begin() + 1, line.end());
      if (Match match = find_command(commands, words); match.command) return print_help(*match.command), 0;
      if (words.size() == 1 && print_group(commands, words[0])) return 0;
      return wrong_word(commands, words);
    }
    print_overview(commands);
    return 0;
  }
  if (line[0] == "--version") line = {"version"};
  if (line[0] == "complete") {
    bool dashes = line.size() > 1 && line[1] == "--";
    return complete(commands, {line.begin() + (dashes ? 2 : 1), line.end()});
  }
  Match match = find_command(commands, line);
  if (!match.command) {
    // "slipway app" alone lists what it can be followed by.
    bool asks = line.size() > 1 && (line[1] == "--help" || line[1] == "-h");
    auto is_otherwise = [&](const Command& c) { return c.otherwise && c.words == line[0]; };
    auto otherwise = std::ranges::find_if(commands, is_otherwise);
    bool lenient = otherwise != commands.end();
    if ((line.size() == 1 || asks) && print_group(commands, line[0])) return asks || lenient ? 0 : 2;
    if (!lenient) return wrong_word(commands, line);
    match = {&*otherwise, 1};
  }
  std::vector<std::string> after(line.begin() + static_cast<long>(match.words), line.end());
  for (const auto& word : after) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") return print_help(*match.command), 0;
  }
  auto said = parse(*match.command, after);
  if (!said) {
    complain(fmt::format("slipway: {}\n", said.error().str()));
    return 2;
  }
  auto world = make_world(match.command->serves);
  return world->run(match.command->run(*world, std::move(*said)));
}

// Gives the errno, 0 when all is written. Whoever started us may have made the other end one that does not wait: then
// we do, without a look at the clock.
int write_all(int fd, std::vector<iovec> left) {
  for (size_t at = 0; at < left.size();) {
    ssize_t n = ::writev(fd, &left[at], static_cast<int>(std::min<size_t>(left.size() - at, IOV_MAX)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      pollfd room{fd, POLLOUT, 0};
      if (::poll(&room, 1, -1) >= 0 || errno == EINTR) continue;
    }
    if (n < 0) return errno;
    auto written = static_cast<size_t>(n);
    for (; at < left.size() && written >= left[at].iov_len; ++at) written -= left[at].iov_len;
    if (at == left.size()) return 0;
    left[at].iov_base = static_cast<char*>(left[at].iov_base) + written;
    left[at].iov_len -= written;
  }
  return 0;
}

}  // namespace

int run(const std::vector<Command>& commands, MakeWorld make_world, int argc, char** argv) {
  int code = run_command(commands, make_world, argc, argv);
  if (auto all = printed(); !all && code == 0) return report(all.error());
  return code;
}

void print(std::string_view text) {
  print(std::vector<std::string_view>{text});
}

void print(const std::vector<std::string_view>& pieces) {
  std::vector<iovec> left;
  for (std::string_view piece : pieces)
    if (!piece.empty()) left.push_back({const_cast<char*>(piece.data()), piece.size()});
  int error = write_all(STDOUT_FILENO, std::move(left));
  if (unwritten == 0 && error != EPIPE) unwritten = error;
}

Result<> printed() {
  if (unwritten == 0) return {};
  return fail(ErrorKind::io, "write stdout: {}", std::strerror(unwritten));
}

void complain(std::string_view text) {
  if (!text.empty()) (void)write_all(STDERR_FILENO, {{const_cast<char*>(text.data()), text.size()}});
}

int report(const Error& error, std::string_view next_step) {
  complain(fmt::format("slipway: {}\n", error.str()));
  if (!next_step.empty()) complain(fmt::format("  {}\n", next_step));
  return 1;
}

}  // namespace slipway::cli
