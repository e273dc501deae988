// A Value becomes a Table only where something is put into it or shares it: the rest stays as it was read.
#include "render/helm/shared_tables.h"

#include <vector>

#include "base/text.h"
#include "render/helm/go_json.h"

namespace slipway::render::helm {

SharedTables::Table* SharedTables::make(const Value& object) {
  Table& out = tables_.emplace_back();
  for (const value::Member& m : object.members()) out.entries.emplace(m.key.str(), Entry{m.value, nullptr});
  return &out;
}

SharedTables::Table* SharedTables::table_of(Entry& entry) {
  if (!entry.table) {
    entry.table = make(entry.plain);
    entry.plain = Value();
  }
  return entry.table;
}

SharedTables::Table* SharedTables::at(Table* root, std::string_view path, std::string* missing) {
  for (std::string_view part : base::split(path, '.')) {
    auto found = root->entries.find(part);
    if (found == root->entries.end() || !found->second.is_table()) {
      *missing = part;
      return nullptr;
    }
    root = table_of(found->second);
  }
  return root;
}

SharedTables::Table* SharedTables::under(const std::string& path, Table* table) {
  if (path == ".") return table;
  auto parts = base::split(path, '.');
  for (size_t i = parts.size(); i-- > 0;) {
    Table* around = make();
    around->entries.emplace(parts[i], Entry{Value(), table});
    table = around;
  }
  return table;
}

void SharedTables::merge(Table* above, Table* below, const std::string& prefix, const Warn& warn, int depth) {
  if (depth > kDepthMax) endless_ = true;
  if (endless_ || above == below) return;
  for (const auto& [key, entry] : above->entries)
    if (!entry.is_table() && entry.plain.is_null()) below->entries[key] = {};
  std::vector<std::string> keys;  // `below` may be somewhere in `above`, and grow with it
  for (const auto& [key, entry] : below->entries) keys.push_back(key);
  for (const std::string& key : keys) {
    Entry& fallback = below->entries[key];
    auto found = above->entries.find(key);
    if (found == above->entries.end()) {
      if (fallback.is_table()) table_of(fallback);
      above->entries.emplace(key, fallback);
      continue;
    }
    Entry& said = found->second;
    std::string here = prefix.empty() ? key : prefix + "." + key;
    if (fallback.is_table() && said.is_table()) {
      merge(table_of(said), table_of(fallback), here, warn, depth + 1);
    } else if (fallback.is_table()) {
      warn(316, fmt::format("warning: cannot overwrite table with non table for {} ({})", here,
                            go_print(fallback.table ? value(fallback.table) : fallback.plain)));
    } else if (said.is_table() && !fallback.plain.is_null()) {
      warn(319, fmt::format("warning: destination for {} is a table. Ignoring non-table value ({})", here,
                            go_print(fallback.plain)));
    }
  }
}

Value SharedTables::value(const Table& table, int depth) {
  if (depth > kDepthMax) endless_ = true;
  if (endless_) return Value();
  ObjectBuilder out;
  for (const auto& [key, entry] : table.entries)
    out.set(key, entry.table ? value(*entry.table, depth + 1) : entry.plain);
  return out.build();
}

}  // namespace slipway::render::helm
