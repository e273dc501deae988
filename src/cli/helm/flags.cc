#include "cli/helm/flags.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::cli::helm {

Result<Flags> Flags::parse(const std::vector<Option>& options, const std::vector<std::string>& words) {
  Flags flags;
  auto put = [&flags](const Option& option, std::string value) {
    if (option.value == "strings") {
      for (std::string_view part : base::split(value, ',')) flags.values_[option.name].emplace_back(part);
    } else {
      flags.values_[option.name].push_back(std::move(value));
    }
  };
  auto switched = [](std::string_view value) -> bool {
    return value == "true" || value == "false" || value == "1" || value == "0" || value == "t" || value == "f" ||
           value == "T" || value == "F" || value == "TRUE" || value == "FALSE" || value == "True" || value == "False";
  };
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      flags.arguments.insert(flags.arguments.end(), words.begin() + static_cast<long>(i) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      flags.arguments.push_back(word);
      continue;
    }
    if (word.starts_with("--")) {
      size_t equals = word.find('=');
      std::string name = word.substr(0, equals);
      auto option = std::ranges::find(options, name, &Option::name);
      if (option == options.end()) {
        std::vector<std::string> known;
        for (const Option& o : options) known.push_back(o.name);
        auto near = base::nearest(name, known);
        return fail(ErrorKind::bad_request, "unknown flag: {}{}", name,
                    near ? fmt::format(" (nearest: {})", *near) : "");
      }
      if (option->value.starts_with('[')) {  // a word only behind =
        put(*option, equals == word.npos ? option->fallback : word.substr(equals + 1));
        continue;
      }
      if (option->value.empty()) {
        std::string value = equals == word.npos ? "true" : word.substr(equals + 1);
        if (!switched(value))
          return fail(ErrorKind::bad_request,
                      "invalid argument \"{}\" for \"{}\" flag: strconv.ParseBool: parsing \"{}\": invalid syntax",
                      value, name, value);
        put(*option, value);
      } else if (equals != word.npos) {
        put(*option, word.substr(equals + 1));
      } else if (i + 1 < words.size()) {
        put(*option, words[++i]);
      } else {
        return fail(ErrorKind::bad_request, "flag needs an argument: {}", name);
      }
      continue;
    }
    for (size_t at = 1; at < word.size(); ++at) {
      auto option = std::ranges::find(options, word[at], &Option::letter);
      if (option == options.end())
        return fail(ErrorKind::bad_request, "unknown shorthand flag: '{}' in {}", word[at],
                    word.substr(at > 1 ? at : 0));
      if (option->value.empty()) {
        put(*option, "true");
        continue;
      }
      std::string rest = word.substr(at + 1);
      if (rest.starts_with('=')) rest.erase(0, 1);
      if (at + 1 < word.size()) {
        put(*option, rest);
      } else if (i + 1 < words.size()) {
        put(*option, words[++i]);
      } else {
        return fail(ErrorKind::bad_request, "flag needs an argument: '{}' in {}", word[at], word);
      }
      break;
    }
  }
  return flags;
}

bool Flags::is(const std::string& name) const {
  auto it = values_.find(name);
  if (it == values_.end()) return false;
  char c = it->second.back().empty() ? 'f' : it->second.back()[0];
  return c == 't' || c == 'T' || c == '1';
}

std::string Flags::text(const std::string& name, std::string fallback) const {
  auto it = values_.find(name);
  return it == values_.end() ? fallback : it->second.back();
}

std::vector<std::string> Flags::all(const std::string& name) const {
  auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

std::vector<Option> global_flags() {
  return {{"--namespace", "NS", "the release's namespace ($HELM_NAMESPACE, else that of the kubeconfig's context)", "",
           false, 'n'},
          {"--debug", "", "on an error, print what was rendered nonetheless"},
          {"--kubeconfig", "FILE", "the cluster that --validate and --dry-run=server ask"},
          {"--kube-context", "NAME", "the kubeconfig's context to use"},
          {"--registry-config", "FILE", "registry passwords (config.json of docker or helm)"},
          {"--repository-config", "FILE", "names of chart repositories"},
          {"--repository-cache", "DIR", "where their indexes are kept"},
          {"--content-cache", "DIR", "accepted; nothing is cached there"},
          {"--burst-limit", "N", "accepted; there is no such limit"},
          {"--qps", "N", "accepted; there is no such limit"},
          {"--kube-as-user", "USER", "act for this user there"},
          {"--kube-as-group", "GROUP", "act for this group there", "", true},
          {"--kube-apiserver", "URL", "the cluster's address, in place of the kubeconfig's"},
          {"--kube-ca-file", "FILE", "certificates to trust there"},
          {"--kube-insecure-skip-tls-verify", "", "do not check the cluster's certificate"},
          {"--kube-tls-server-name", "NAME", "the name in the cluster's certificate"},
          {"--kube-token", "TOKEN", "who we are there"},
          {"--compat", "helm3|helm4", "whose bytes to print", "helm3"}};
}

std::vector<Option> value_flags() {
  return {{"--values", "strings", "values in a YAML file, a URL, or - for stdin", "", true, 'f'},
          {"--set", "K=V", "values: a.b[0]=c,d={x,y}", "", true},
          {"--set-string", "K=V", "values that stay text", "", true},
          {"--set-file", "K=FILE", "values from files", "", true},
          {"--set-json", "K=JSON", "values as JSON", "", true},
          {"--set-literal", "K=V", "one value, taken as it is", "", true}};
}

std::vector<Option> chart_flags() {
  return {{"--version", "RANGE", "the chart's version, or a range"},
          {"--devel", "", "pre-releases too"},
          {"--repo", "URL", "the repository that holds the chart"},
          {"--username", "NAME", "for the repository"},
          {"--password", "WORD", "for the repository"},
          {"--pass-credentials", "", "also to other hosts that the repository names"},
          {"--ca-file", "FILE", "certificates to trust"},
          {"--cert-file", "FILE", "our certificate"},
          {"--key-file", "FILE", "its key"},
          {"--insecure-skip-tls-verify", "", "do not check certificates"},
          {"--plain-http", "", "registries without TLS"},
          {"--verify", "", "check the signature: not offered, refused"},
          {"--keyring", "FILE", "keys for --verify"}};
}

std::vector<Option> joined(std::initializer_list<std::vector<Option>> lists) {
  std::vector<Option> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

int refuse(const Error& error) {
  // Places come in front where Helm has none: its words stay at the beginning of the line.
  std::string text = error.str();
  return refuse(text);
}

int refuse(std::string_view message) {
  complain(fmt::format("Error: {}\n", message));
  return 1;
}

void warn(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) complain(warning + "\n");
}

}  // namespace slipway::cli::helm
