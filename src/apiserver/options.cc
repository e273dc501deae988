#include "apiserver/options.h"

#include "base/text.h"

namespace slipway::apiserver {

Result<std::optional<int64_t>> query_number(const runtime::Request& request, std::string_view name) {
  auto text = request.query(name);
  if (!text) return std::optional<int64_t>();
  if (auto parsed = base::parse_int(*text)) return std::optional<int64_t>(*parsed);
  std::string_view digits = *text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  bool is_number = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
  return fail(ErrorKind::bad_request, "strconv.ParseInt: parsing \"{}\": {}", *text,
              is_number ? "value out of range" : "invalid syntax");
}

Result<std::optional<int64_t>> timeout_seconds(const runtime::Request& request) {
  return query_number(request, "timeoutSeconds");
}

static Error invalid_options(std::string_view options_kind, const std::vector<base::Cause>& causes) {
  std::vector<std::string> all;
  for (const base::Cause& cause : causes) all.push_back(cause.field + ": " + cause.message);
  std::string said = all.size() == 1 ? all[0] : "[" + base::join(all, ", ") + "]";
  Error error = fail(ErrorKind::invalid, "{}.meta.k8s.io \"\" is invalid: {}", options_kind, said);
  for (const base::Cause& cause : causes) error = std::move(error).cause(cause);
  return error;
}

static Error invalid_option(std::string_view options_kind, std::string_view field, std::string message) {
  return invalid_options(options_kind, {{"FieldValueNotSupported", std::move(message), std::string(field)}});
}

static Result<> check_list_options(const runtime::Request& request, Listing listing) {
  std::vector<base::Cause> causes;
  auto forbid = [&](std::string_view why, std::string field = "resourceVersionMatch") {
    causes.push_back({"FieldValueForbidden", fmt::format("Forbidden: {}", why), std::move(field)});
  };
  auto not_supported = [&](std::string_view match, std::string_view supported) {
    causes.push_back({"FieldValueNotSupported",
                      fmt::format("Unsupported value: \"{}\": supported values: {}", match, supported),
                      "resourceVersionMatch"});
  };
  const bool initial = request.query("sendInitialEvents").has_value();
  const bool continues = !request.query("continue").value_or("").empty();
  const std::string match(request.query("resourceVersionMatch").value_or(""));
  const std::string revision(request.query("resourceVersion").value_or(""));
  if (listing == Listing::watch) {
    if (initial && match != "NotOlderThan")
      forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (!match.empty()) {
      if (!initial) forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
      if (match != "NotOlderThan") not_supported(match, "\"NotOlderThan\"");
    }
    if (continues) forbid("resourceVersionMatch is forbidden when continue is provided");
  } else {
    if (!match.empty()) {
      if (revision.empty()) forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
      if (continues) forbid("resourceVersionMatch is forbidden when continue is provided");
      if (match != "Exact" && match != "NotOlderThan") not_supported(match, R"("Exact", "NotOlderThan", "")");
      if (match == "Exact" && revision == "0")
        forbid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    if (initial) forbid("sendInitialEvents is forbidden for list", "sendInitialEvents");
  }
  if (causes.empty()) return {};
  return invalid_options("ListOptions", causes);
}

static Result<cluster::ListOptions> read_list_options(const runtime::Request& request, const Route& route) {
  cluster::ListOptions options;
  options.ns = route.ns;
  options.label_selector = request.query("labelSelector").value_or("");
  options.field_selector = request.query("fieldSelector").value_or("");
  options.resource_version_match = request.query("resourceVersionMatch").value_or("");
  options.continue_token = request.query("continue").value_or("");
  OR_RETURN(timeout_seconds(request));
  auto limit = query_number(request, "limit");
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

Result<cluster::ListOptions> list_options(const runtime::Request& request, const Route& route, Listing listing) {
  OR_RETURN(check_list_options(request, listing));
  auto options = read_list_options(request, route);
  // Kubernetes answers 500 to a version that is no number, for watches alone.
  if (!options && listing == Listing::watch) return std::move(options.error()).as(ErrorKind::internal);
  return options;
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
