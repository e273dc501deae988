#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/table.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli {

namespace {

Result<const kinds::Kind*> find_kind(const cluster::Cluster& cluster, const std::string& word) {
  if (word.find(',') != word.npos) return fail(ErrorKind::bad_request, "{}: expected one kind at a time", word);
  if (const kinds::Kind* kind = cluster.catalog().find_word(word)) return kind;
  std::vector<std::string> known;
  for (const kinds::Kind* kind : cluster.catalog().all()) known.push_back(kind->plural);
  auto near = base::nearest(word, known);
  return fail(ErrorKind::not_found, "this cluster has no \"{}\"{}", word,
              near ? fmt::format("; did you mean {}?", *near) : "");
}

std::string cell_text(const Value& cell) {
  return cell.is_string() ? cell.str() : cell.is_null() ? "<none>" : value::to_json(cell);
}

void print_objects(World& world, const kinds::Kind& kind, const std::vector<Value>& objects, bool with_namespace,
                   bool wide) {
  std::vector<std::vector<std::string>> rows;
  Value columns = kinds::table_columns(kind);
  std::vector<std::string> head;
  if (with_namespace) head.push_back("NAMESPACE");
  for (const Value& column : columns.items()) {
    if (wide || column["priority"].as_int() == 0) {
      std::string name = column["name"].str();
      for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      head.push_back(name);
    }
  }
  rows.push_back(std::move(head));
  for (const Value& object : objects) {
    Value cells = kinds::table_cells(kind, object, world.now());
    std::vector<std::string> row;
    if (with_namespace) row.emplace_back(kinds::namespace_of(object));
    for (size_t i = 0; i < columns.size(); ++i) {
      if (wide || columns[i]["priority"].as_int() == 0) row.push_back(cell_text(cells[i]));
    }
    rows.push_back(std::move(row));
  }
  print_table(rows);
}

Task<int> get(runtime::RealWorld& world, Invocation said) {
  auto connected = co_await connect(world, said);
  if (!connected) co_return report(connected.error());
  cluster::Cluster& cluster = **connected;
  if (size_t slash = said.arguments[0].find('/'); said.arguments.size() == 1 && slash != std::string::npos) {
    said.arguments.push_back(said.arguments[0].substr(slash + 1));  // KIND/NAME
    said.arguments[0].resize(slash);
  }
  auto kind = find_kind(cluster, said.arguments[0]);
  if (!kind) co_return report(kind.error());
  bool everywhere = said.has("--all-namespaces");
  std::string ns = (*kind)->namespaced && !everywhere ? said.option("--namespace", "default") : "";
  std::vector<Value> objects;
  if (said.arguments.size() > 1) {
    auto object = co_await cluster.get({(*kind)->id, ns, said.arguments[1]});
    if (!object) co_return report(object.error());
    objects.push_back(std::move(*object));
  } else {
    auto list = co_await cluster.list((*kind)->id, {.ns = ns, .label_selector = said.option("--selector")});
    if (!list) co_return report(list.error());
    objects = std::move(list->items);
  }
  std::string output = said.json() ? "json" : said.option("--output");
  Value whole = said.arguments.size() > 1
                    ? objects[0]
                    : Value{{"apiVersion", "v1"}, {"kind", "List"}, {"items", Value::array(objects)}};
  if (output == "json") {
    print(value::to_json_pretty(whole, 4) + "\n");
  } else if (output == "yaml") {
    print(value::to_yaml(whole));
  } else if (output == "name") {
    for (const Value& object : objects)
      print(fmt::format("{}/{}\n", (*kind)->group_resource(), kinds::name_of(object)));
  } else if (!output.empty() && output != "wide") {
    co_return report(fail(ErrorKind::bad_request, "-o {}: expected wide, json, yaml or name", output));
  } else if (objects.empty()) {
    complain(ns.empty() ? "No resources found\n" : fmt::format("No resources found in {} namespace.\n", ns));
  } else {
    print_objects(world, **kind, objects, everywhere && (*kind)->namespaced, output == "wide");
  }
  co_return 0;
}

}  // namespace

Command get_command() {
  return {.words = "get",
          .arguments = "KIND [NAME]",
          .summary = "show objects of the cluster",
          .help =
              "Shows objects as kubectl does, on machines without kubectl.\n\n"
              "  slipway get pods -A\n  slipway get deploy web -n shop -o yaml\n",
          .options = {namespace_option,
                      {"--all-namespaces", "", "of every namespace", "", false, 'A'},
                      {"--output", "FORM", "wide, json, yaml or name", "", false, 'o'},
                      {"--selector", "LABELS", "only those with these labels", "", false, 'l'},
                      json_option,
                      data_option,
                      kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 2,
          .run = get};
}

}  // namespace slipway::cli
