// Tables as Go's maps are: changed in place, and one and the same wherever they were put. import-values shows it: what
// a second entry lays over the table of a first one is then in that sub-chart too, and so in the values that templates
// see.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "value/value.h"

namespace slipway::render::helm {

class SharedTables {
 public:
  class Table;
  struct Entry {
    Value plain;             // anything but what became a Table
    Table* table = nullptr;  // owned by the SharedTables
    bool is_table() const { return table || plain.is_object(); }
  };
  class Table {
    friend SharedTables;
    std::map<std::string, Entry, std::less<>> entries;
  };

  Table* make(const Value& object = Value());
  // At "a.b.c"; null when there is none. `missing`: the first part that is no table.
  Table* at(Table* root, std::string_view path, std::string* missing);
  // {"a": {"b": table}} for "a.b"; the table itself for ".".
  Table* under(const std::string& path, Table* table);
  // MergeTables of Helm: `above` gets what it lacks of `below`, tables shared; what is null above becomes null below.
  // `warn`: line of Helm's coalesce.go, message.
  using Warn = std::function<void(int line, std::string message)>;
  void merge(Table* above, Table* below, const Warn& warn) { merge(above, below, "", warn, 0); }
  Value value(const Table* table) { return value(*table, 0); }
  // A table came to hold itself: merge() and value() stopped.
  bool endless() const { return endless_; }

 private:
  static constexpr int kDepthMax = 1000;
  Table* table_of(Entry& entry);
  void merge(Table* above, Table* below, const std::string& prefix, const Warn& warn, int depth);
  Value value(const Table& table, int depth);
  std::deque<Table> tables_;
  bool endless_ = false;
};

}  // namespace slipway::render::helm
