#include "apiserver/options.h"

#include "base/text.h"

namespace slipway::apiserver {

// Empty counts as not said.
static Result<std::optional<int64_t>> number(const runtime::Request& request, std::string_view name) {
  auto text = request.query(name);
  if (!text || text->empty()) return std::optional<int64_t>();
  auto parsed = base::parse_int(*text);
  if (!parsed) return fail(ErrorKind::bad_request, "strconv.ParseInt: parsing \"{}\": invalid syntax", *text);
  return std::optional<int64_t>(*parsed);
}

Result<std::optional<int64_t>> timeout_seconds(const runtime::Request& request) {
  return number(request, "timeoutSeconds");
}

Result<cluster::ListOptions> list_options(const runtime::Request& request, const Route& route) {
  cluster::ListOptions options;
  options.ns = route.ns;
  options.label_selector = request.query("labelSelector").value_or("");
  options.field_selector = request.query("fieldSelector").value_or("");
  options.resource_version_match = request.query("resourceVersionMatch").value_or("");
  options.continue_token = request.query("continue").value_or("");
  OR_RETURN(timeout_seconds(request));
  auto limit = number(request, "limit");
  if (!limit) return limit.error();
  if (*limit && **limit > 0) options.limit = static_cast<size_t>(**limit);
  if (auto text = request.query("resourceVersion"); text && !text->empty()) {
    auto revision = base::parse_int(*text);
    if (!revision || *revision < 0) {
      return fail(ErrorKind::bad_request,
                  "invalid resource version: resourceVersion: Invalid value: \"{}\": strconv.ParseUint: parsing "
                  "\"{}\": invalid "
                  "syntax",
                  *text, *text);
    }
    options.resource_version = static_cast<uint64_t>(*revision);
  }
  return options;
}

static Error invalid_option(std::string_view options_kind, std::string_view field, std::string message) {
  return fail(ErrorKind::invalid, "{}.meta.k8s.io \"\" is invalid: {}: {}", options_kind, field, message)
      .cause({"FieldValueNotSupported", message, std::string(field)});
}

Result<> write_options(const runtime::Request& request, std::string_view options_kind, cluster::Write& write) {
  if (auto dry = request.query("dryRun"); dry && !dry->empty()) {
    if (*dry != "All") {
      return invalid_option(options_kind, "dryRun",
                            fmt::format("Unsupported value: [\"{}\"]: supported values: \"All\"", *dry));
    }
    write.dry_run = true;
  }
  auto validation = request.query("fieldValidation").value_or("");
  if (validation == "Strict") {
    write.field_validation = kinds::FieldValidation::strict;
  } else if (validation == "Ignore") {
    write.field_validation = kinds::FieldValidation::ignore;
  } else if (!validation.empty() && validation != "Warn") {
    return invalid_option(
        options_kind, "fieldValidation",
        fmt::format("Unsupported value: \"{}\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"", validation));
  }
  auto manager = request.query("fieldManager").value_or("");
  if (manager.empty()) {
    auto agent = request.headers.get("user-agent");
    manager = std::string(agent.substr(0, agent.find('/')));
  }
  write.field_manager = manager.empty() ? "unknown" : manager;
  write.force = request.query("force").value_or("") == "true";
  return {};
}

}  // namespace slipway::apiserver
