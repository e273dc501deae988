// The table language: kinds and types, one line a field. tables/README.md explains it; table.cc reads it.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kinds/kind.h"

namespace slipway::kinds {

// What the tables say, in table order. Types and enums keep their addresses.
struct Tables {
  std::deque<Type> types;
  std::deque<Enum> enums;
  std::deque<Kind> kinds;
  std::unordered_map<std::string_view, Type*> type_by_name;  // keys live in the types
};

struct TableText {
  std::string_view file, text;
};
// Lines that end in " newer" are known to a later Kubernetes than ours: we leave them out, with what stands below them.
enum class Newer { left_out, read };
// Reads all files together (they refer to one another). Errors: invalid, with file and line and what was expected.
Result<void> read_tables(Tables& into, const std::vector<TableText>& files, Newer newer = Newer::left_out);

// The compiled-in files, generated from tables/*.kinds; the foreign ones last.
const std::vector<TableText>& builtin_table_texts();
const Tables& builtin_tables();

}  // namespace slipway::kinds
