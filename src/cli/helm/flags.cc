#include "cli/helm/flags.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "cli/helm/environment.h"
#include "cli/helm/flag_versions.h"
#include "render/helm/go_json.h"

namespace slipway::cli::helm {

bool is_bool(std::string_view v) {
  static constexpr std::string_view kWords[] = {"1", "t", "T", "TRUE",  "true",  "True",
                                                "0", "f", "F", "FALSE", "false", "False"};
  return std::ranges::find(kWords, v) != std::end(kWords);
}

namespace {

// "[client|server]": a word may stand behind =, and only there. "[KEY=]FILE" is none of these.
bool is_optional(const Option& option) {
  return option.value.starts_with('[') && option.value.ends_with(']');
}

// strconv.ParseInt(v, 0, 64) and its like: what is wrong with the number, "" when nothing is.
std::string_view integer_fault(std::string_view v, bool negative) {
  bool minus = v.starts_with('-');
  if (minus && !negative) return "invalid syntax";
  if (negative && (minus || v.starts_with('+'))) v.remove_prefix(1);
  int base = 10;
  bool based = v.size() > 1 && v[0] == '0';
  if (based) {
    char c = static_cast<char>(v[1] | 0x20);
    base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
    v.remove_prefix(c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
  }
  std::string digits = based ? base::replace_all(std::string(v), "_", "") : std::string(v);
  uint64_t n = 0;
  auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), n, base);
  if (end != digits.data() + digits.size() || digits.empty()) return "invalid syntax";
  if (wrong == std::errc::result_out_of_range) return "value out of range";
  if (negative && n > (1ull << 63) - (minus ? 0 : 1)) return "value out of range";
  return {};
}

std::string_view real_fault(const std::string& v) {
  char* end = nullptr;
  float parsed = std::strtof(v.c_str(), &end);
  if (v.empty() || *end || std::isspace(static_cast<unsigned char>(v[0]))) return "invalid syntax";
  bool said_infinite = base::to_lower(v).find("inf") != v.npos;
  return std::isinf(parsed) && !said_infinite ? "value out of range" : "";
}

// What Go's flag library says of a value of this type; "" when it is fine.
std::string value_fault(const Option& option, const std::string& v) {
  auto number = [&](const char* call, std::string_view wrong) -> std::string {
    return wrong.empty() ? "" : fmt::format("strconv.{}: parsing \"{}\": {}", call, v, wrong);
  };
  if (option.value.empty()) return is_bool(v) ? "" : number("ParseBool", "invalid syntax");
  if (option.value == "N") return number("ParseInt", integer_fault(v, true));
  if (option.value == "COLUMNS") return number("ParseUint", integer_fault(v, false));
  if (option.value == "RATE") return number("ParseFloat", real_fault(v));
  if (option.value == "DURATION") {
    if (base::parse_go_duration(v)) return {};
    bool bare = !v.empty() && v.find_first_not_of("0123456789.") == v.npos && v.find_first_of("0123456789") != v.npos;
    return fmt::format("time: {} duration \"{}\"", bare ? "missing unit in" : "invalid", v);
  }
  if (option.value == "[watcher|hookOnly|legacy]") {
    static constexpr std::string_view kWords[] = {"watcher", "hookOnly", "legacy", "true", "false"};
    if (std::ranges::find(kWords, v) != std::end(kWords)) return {};
    return fmt::format("invalid wait input {}. Valid inputs are watcher, hookOnly, and legacy",
                       render::helm::go_quote(v));
  }
  if (option.value == "FORMAT") return v == "table" || v == "json" || v == "yaml" ? "" : "invalid format type";
  return {};
}

Error unknown_flag(const std::vector<Option>& options, const std::string& name) {
  std::vector<std::string> known;
  for (const Option& o : options) known.push_back(o.name);
  auto near = base::nearest(name, known);
  Error error = fail(ErrorKind::bad_request, "unknown flag: {}", name);
  return near ? explained(error, fmt::format("the nearest flag is {}", *near)) : error;
}

// One line of CSV, as Go's reader takes it. Error: in its words.
Result<std::vector<std::string>> csv_fields(std::string_view line) {
  std::vector<std::string> out;
  if (line.empty()) return out;
  size_t at = 0;
  auto wrong = [&](std::string_view what) {
    return fail(ErrorKind::bad_request, "parse error on line 1, column {}: {}", at + 1, what);
  };
  for (;;) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        if (at >= line.size()) return wrong("extraneous or missing \" in quoted-field");
        if (line[at] != '"') {
          field += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          field += line[++at];
        } else {
          break;
        }
      }
      if (++at < line.size() && line[at] != ',') return --at, wrong("extraneous or missing \" in quoted-field");
    } else {
      for (; at < line.size() && line[at] != ','; ++at) {
        if (line[at] == '"') return wrong("bare \" in non-quoted-field");
        field += line[at];
      }
    }
    out.push_back(std::move(field));
    if (at++ >= line.size()) return out;
  }
}

// "a=b,c=d"; with one "=" the whole word is one label.
std::string labels_fault(const std::string& v) {
  if (std::ranges::count(v, '=') == 0) return v + " must be formatted as key=value";
  if (std::ranges::count(v, '=') == 1) return {};
  auto fields = csv_fields(v);
  if (!fields) return fields.error().message();
  for (const std::string& field : *fields)
    if (field.find('=') == field.npos) return field + " must be formatted as key=value";
  return {};
}

}  // namespace

// A word that is no truth, and an empty list, are as if they were not said.
void Flags::take_environment() {
  for (const EnvironmentDefault& one : kEnvironment) {
    const char* said = std::getenv(one.variable);
    if (said == nullptr || *said == '\0' || values_.contains(std::string(one.flag))) continue;
    std::string text(said);
    if (one.reading == Reading::truth && !is_bool(text)) continue;
    std::vector<std::string> words = {text};
    if (one.reading == Reading::list) {
      size_t begin = text.find_first_not_of(", "), end = text.find_last_not_of(", ");
      if (begin == text.npos) continue;
      words.clear();
      for (std::string_view word : base::split(std::string_view(text).substr(begin, end + 1 - begin), ','))
        words.emplace_back(word);
    }
    values_[std::string(one.flag)] = std::move(words);
  }
}

Result<Flags> Flags::parse(const std::vector<Option>& all, const std::vector<std::string>& words) {
  Flags flags;
  std::vector<Option> options = all;
  bool is_helms = std::ranges::find(all, "--compat", &Option::name) != all.end(), helm4 = false;
  std::string remarks;  // told when nothing is wrong
  if (is_helms) {
    auto compat = compat_said(words);
    helm4 = compat == render::helm::Compat::helm4;
    options = options_of(std::move(options), compat);
    if (helm4) OR_RETURN(check_color(words));
  }
  auto put = [&](const Option& option, std::string value) -> Result<> {
    std::string wrong = option.value == "LABELS" ? labels_fault(value) : value_fault(option, value);
    auto fields = option.value == "strings" ? csv_fields(value) : std::vector<std::string>{value};
    if (!fields) wrong = fields.error().message();
    if (!wrong.empty())
      return fail(ErrorKind::bad_request, "invalid argument {} for \"{}{}\" flag: {}", render::helm::go_quote(value),
                  option.letter ? fmt::format("-{}, ", option.letter) : "", option.name, wrong);
    if (std::string remark = helm4 ? remark_on(option.name, value) : ""; remark.starts_with("level="))
      complain(remark);  // what is logged is there at once
    else
      remarks += remark;
    auto& there = flags.values_[option.name];
    there.insert(there.end(), fields->begin(), fields->end());
    return {};
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
      if (word[2] == '-' || word[2] == '=') return fail(ErrorKind::bad_request, "bad flag syntax: {}", word);
      size_t equals = word.find('=');
      std::string name = word.substr(0, equals);
      auto option = std::ranges::find(options, name, &Option::name);
      if (option == options.end()) return unknown_flag(options, name);
      if (equals != word.npos) {
        OR_RETURN(put(*option, word.substr(equals + 1)));
      } else if (option->value.empty() || is_optional(*option)) {
        OR_RETURN(put(*option, option->value.empty() ? "true" : std::string(option->fallback)));
      } else if (i + 1 < words.size()) {
        OR_RETURN(put(*option, words[++i]));
      } else {
        return fail(ErrorKind::bad_request, "flag needs an argument: {}", name);
      }
      continue;
    }
    for (std::string rest = word.substr(1); !rest.empty();) {
      auto option = std::ranges::find(options, rest[0], &Option::letter);
      if (option == options.end())
        return fail(ErrorKind::bad_request, "unknown shorthand flag: '{}' in -{}", rest[0], rest);
      if (rest.size() > 2 && rest[1] == '=') {
        OR_RETURN(put(*option, rest.substr(2)));
        break;
      }
      if (option->value.empty()) {
        OR_RETURN(put(*option, "true"));
        rest.erase(0, 1);
        continue;
      }
      if (rest.size() > 1) {
        OR_RETURN(put(*option, rest.substr(1)));
      } else if (i + 1 < words.size()) {
        OR_RETURN(put(*option, words[++i]));
      } else {
        return fail(ErrorKind::bad_request, "flag needs an argument: '{}' in -{}", rest[0], rest);
      }
      break;
    }
  }
  complain(remarks);
  if (is_helms) flags.take_environment();
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
  return it == values_.end() || it->second.empty() ? fallback : it->second.back();
}

std::vector<std::string> Flags::all(const std::string& name) const {
  auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

std::vector<Option> global_flags() {
  return {{"--namespace", "NS", "the release's namespace (else that of the kubeconfig's context)", "", false, 'n'},
          {"--debug", "", "on an error, print what was rendered nonetheless"},
          {"--kubeconfig", "FILE", "the cluster that --validate and --dry-run=server ask"},
          {"--kube-context", "NAME", "the kubeconfig's context to use"},
          {"--registry-config", "FILE", "registry passwords (config.json of docker or helm)"},
          {"--repository-config", "FILE", "names of chart repositories"},
          {"--repository-cache", "DIR", "where their indexes are kept"},
          {"--content-cache", "DIR", "of Helm 4: accepted; nothing is cached there"},
          {"--color", "WHEN", "of Helm 4: accepted"},
          {"--colour", "WHEN", "the same"},
          {"--burst-limit", "N", "accepted; there is no such limit"},
          {"--qps", "RATE", "accepted; there is no such limit"},
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

std::vector<Option> chart_flags(std::initializer_list<std::string_view> without) {
  std::vector<Option> all = {{"--version", "RANGE", "the chart's version, or a range"},
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
  std::erase_if(all, [&](const Option& o) { return std::ranges::find(without, o.name) != without.end(); });
  return all;
}

std::vector<Option> joined(std::initializer_list<std::vector<Option>> lists) {
  std::vector<Option> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

Error explained(const Error& error, std::string_view why) {
  return fail(error.kind(), "{}\n\nslipway: why:\n  {}", error.str(), why);
}

int refuse(const Error& error) {
  // Places come in front where Helm has none: its words stay at the beginning of the line.
  std::string text = error.str();
  if (text.starts_with("level=")) {  // Helm 4 logs it instead
    complain(text + "\n");
    return 1;
  }
  return refuse(text);
}

int refuse(std::string_view message) {
  complain(fmt::format("Error: {}\n", message));
  return 1;
}

void warn(const std::vector<std::string>& warnings, bool helm4) {
  for (const std::string& warning : warnings) {
    size_t place = warning.find(".go:");  // load.go:120: Warning: ...
    size_t text = place < warning.find(' ') ? warning.find(": ", place) : warning.npos;
    bool converted = helm4 && text != warning.npos;
    complain((converted ? render::helm::log_line("INFO", {{"msg", warning.substr(text + 2)}}) : warning) + "\n");
  }
}

}  // namespace slipway::cli::helm
