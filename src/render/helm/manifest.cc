#include "render/helm/manifest.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/plain_yaml.h"
#include "value/utf8.h"

namespace slipway::render::helm {

namespace {

constexpr std::string_view kInstallOrder[] = {
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
    "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume",
    "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
    "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod",
    "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
    "IngressClass", "Ingress", "APIService",
    // Helm 4 only:
    "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"};
constexpr size_t kHelm4Kinds = 2;

constexpr std::string_view kEvents[] = {"pre-install",  "post-install", "pre-delete",    "post-delete", "pre-upgrade",
                                        "post-upgrade", "pre-rollback", "post-rollback", "test"};

size_t place_of(std::string_view kind, Compat compat) {
  size_t known = std::size(kInstallOrder) - (compat == Compat::helm3 ? kHelm4Kinds : 0);
  for (size_t i = 0; i < known; ++i)
    if (kInstallOrder[i] == kind) return i;
  return known;
}

struct KindOrder {
  Compat compat;
  bool operator()(std::string_view a, std::string_view b) const {
    size_t pa = place_of(a, compat), pb = place_of(b, compat);
    if (pa != pb) return pa < pb;
    return place_of("", compat) == pa && a < b;
  }
};

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  for (std::string_view word : base::split(text, ',')) out.push_back(base::to_lower(trim_space(word)));
  return out;
}

bool blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
// Go's \s
bool space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

size_t space_at(std::string_view text) {  // bytes of the white space character at the front; 0: none
  if (text.empty()) return 0;
  if (blank(text[0])) return 1;
  if (static_cast<unsigned char>(text[0]) < 0x80) return 0;
  value::Rune r = value::decode_rune(text);
  char32_t c = r.code;
  bool is = r.valid && (c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
                        c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000);
  return is ? static_cast<size_t>(r.length) : 0;
}

std::vector<std::string_view> split3(std::string_view text) {
  text = trim_space(text);
  std::vector<std::string_view> out;
  auto add = [&out](std::string_view piece) {
    if (!piece.empty()) out.push_back(trim_space(piece));
  };
  size_t from = 0;
  for (size_t at = text.starts_with("---") ? 0 : text.find("\n---"); at != text.npos;) {
    bool first = at == 0 && text.starts_with("---");
    size_t dashes = first ? 0 : at + 1;
    size_t start = dashes;
    while (start > from && space(text[start - 1])) --start;
    add(text.substr(from, start - from));
    from = dashes + 3;
    while (from < text.size() && space(text[from])) ++from;
    at = text.find("\n---", from);
  }
  add(text.substr(from));
  return out;
}

std::vector<std::string_view> split4(std::string_view text) {
  text = trim_left(text);
  std::vector<std::string_view> out;
  auto add = [&out](std::string_view piece) {
    piece = trim_left(piece);
    if (!piece.empty()) out.push_back(piece);
  };
  size_t from = 0;
  for (size_t at = text.starts_with("---") ? 0 : text.find("\n---"); at != text.npos;) {
    size_t dashes = at == 0 && text.starts_with("---") ? 0 : at + 1;
    add(text.substr(from, dashes - from));
    from = dashes + 3;
    while (from < text.size() && (text[from] == ' ' || text[from] == '\t')) ++from;
    at = from == 0 ? text.npos : text.find("\n---", from - 1);
  }
  add(text.substr(from));
  return out;
}

Result<> add_documents(const std::string& path, const base::SharedText& file, Compat compat, Sorted& out,
                       std::vector<std::string>& warnings) {
  for (std::string_view text : split_manifests(file, compat)) {
    auto head = read_head(text, compat);
    if (!head) {
      Error error = std::move(head).error();
      int line = error.causes().empty() ? 0 : static_cast<int>(base::parse_int(error.causes()[0].message).value_or(0));
      if (line > 0) line += static_cast<int>(std::count(file.view().data(), text.data(), '\n'));
      Error out = fail(error.kind(), "YAML parse error on {}: {}", path, error.message());
      if (line > 0) out = std::move(out).cause({"YAMLParseError", std::to_string(line), path});
      return out;
    }
    Manifest manifest{path, file.piece(text), std::move(*head)};
    const std::string* events = manifest.head.annotation("helm.sh/hook");
    if (!events) {
      out.manifests.push_back(std::move(manifest));
      continue;
    }
    Hook hook;
    bool known = true;
    for (std::string& event : words(*events)) {
      if (event == "test-success") event = "test";
      known = known && std::ranges::find(kEvents, event) != std::end(kEvents);
      hook.events.push_back(std::move(event));
    }
    if (!known) {
      warnings.push_back(compat == Compat::helm3
                             ? fmt::format("manifest_sorter.go:199: info: skipping unknown hook: {}", go_quote(*events))
                             : fmt::format("level=INFO msg=\"skipping unknown hooks\" hookTypes={}", *events));
      continue;
    }
    if (const auto* weight = manifest.head.annotation("helm.sh/hook-weight")) {
      std::string_view digits = *weight;
      if (digits.size() > 1 && digits[0] == '+') digits.remove_prefix(1);
      hook.weight = static_cast<int>(base::parse_int(digits).value_or(0));
    }
    if (const auto* policies = manifest.head.annotation("helm.sh/hook-delete-policy"))
      hook.delete_policies = words(*policies);
    if (const auto* policies = manifest.head.annotation("helm.sh/hook-output-log-policy"))
      hook.log_policies = words(*policies);
    hook.manifest = std::move(manifest);
    out.hooks.push_back(std::move(hook));
  }
  return {};
}

Result<> add_files(const RenderedFiles& files, Compat compat, Sorted& out, std::vector<std::string>& warnings) {
  for (const auto& [path, content] : files) {
    if (std::string_view(path).substr(path.rfind('/') + 1).starts_with('_')) continue;
    if (trim_space(content).empty()) continue;
    OR_RETURN(add_documents(path, content, compat, out, warnings));
  }
  return {};
}

}  // namespace

Result<Sorted> sort_manifests(const RenderedFiles& files, Compat compat, std::vector<std::string>& warnings) {
  Sorted out;
  OR_RETURN(add_files(files, compat, out, warnings));
  KindOrder less{compat};
  std::ranges::stable_sort(out.manifests, less, [](const Manifest& m) -> std::string_view { return m.head.kind; });
  std::ranges::stable_sort(out.hooks, less, [](const Hook& h) -> std::string_view { return h.manifest.head.kind; });
  return out;
}

std::vector<Hook> hooks_before_fault(const RenderedFiles& files, Compat compat) {
  Sorted out;
  std::vector<std::string> told_already;
  (void)add_files(files, compat, out, told_already);
  return std::move(out.hooks);
}

std::vector<std::string_view> split_manifests(std::string_view text, Compat compat) {
  return compat == Compat::helm3 ? split3(text) : split4(text);
}

Result<Head> read_head(std::string_view document, Compat compat) {
  if (auto head = quick_head(document)) return std::move(*head);
  return read_head_fully(document, compat);
}

Result<Head> read_head_fully(std::string_view document, Compat compat) {
  const char* type = compat == Compat::helm3 ? "releaseutil.SimpleHead" : "util.SimpleHead";
  Value root = OR_RETURN(read_yaml(document));
  Head head;
  if (root.is_null()) return head;
  auto wrong = [](const Value& v, std::string what, std::string_view wanted) {
    return fail(ErrorKind::invalid,
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go {} of type {}",
                json_word(v), what, wanted);
  };
  if (!root.is_object()) {
    return fail(ErrorKind::invalid,
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type {}",
                json_word(root), type);
  }
  // Texts inside `metadata` are not told their wanted type by the YAML reader: a number there is refused by JSON.
  auto text = [&](const Value& v, const char* field, std::string& out) -> std::optional<Error> {
    if (v.is_null()) return std::nullopt;
    if (v.is_array() || v.is_object()) return wrong(v, fmt::format("struct field {}", field), "string");
    out = scalar_text(v);
    return std::nullopt;
  };
  auto field = [](const Value& object, std::string_view name) -> const Value& {
    static const Value none;
    const Value* out = &none;
    for (const value::Member& m : object.members())
      if (fits_field(m.key.view(), name) && !m.value.is_null()) out = &m.value;
    return *out;
  };
  if (auto e = text(field(root, "apiVersion"), "SimpleHead.apiVersion", head.api_version)) return std::move(*e);
  if (auto e = text(field(root, "kind"), "SimpleHead.kind", head.kind)) return std::move(*e);
  const Value& metadata = field(root, "metadata");
  if (metadata.is_null()) return head;
  if (!metadata.is_object())
    return wrong(
        metadata, "struct field SimpleHead.metadata",
        "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }");
  if (auto e = text(field(metadata, "name"), ".metadata.name", head.name)) return std::move(*e);
  const Value& annotations = field(metadata, "annotations");
  if (annotations.is_null()) return head;
  if (!annotations.is_object()) return wrong(annotations, "struct field .metadata.annotations", "map[string]string");
  for (const value::Member& m : annotations.members()) {
    std::string note;
    if (auto e = text(m.value, ".metadata.annotations", note)) return std::move(*e);
    head.annotations.emplace_back(m.key.str(), std::move(note));
  }
  return head;
}

const std::string* Head::annotation(std::string_view key) const {
  for (const auto& [name, text] : annotations)
    if (name == key) return &text;
  return nullptr;
}

bool Hook::is_test() const {
  return std::ranges::find(events, "test") != events.end();
}

std::string_view trim_space(std::string_view text) {
  return trim_right(trim_left(text));
}

std::string_view trim_left(std::string_view text) {
  while (size_t n = space_at(text)) text.remove_prefix(n);
  return text;
}

std::string_view trim_right(std::string_view text) {
  for (;;) {
    if (text.empty()) return text;
    if (blank(text.back())) {
      text.remove_suffix(1);
      continue;
    }
    if (static_cast<unsigned char>(text.back()) < 0x80) return text;
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (space_at(text.substr(start)) != text.size() - start) return text;
    text.remove_suffix(text.size() - start);
  }
}

}  // namespace slipway::render::helm
