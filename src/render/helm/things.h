// What an expression of a template may be, for reads.h: sets of things. A thing is a place in .Values, a table or list
// that a template makes, a known text, a chart's files, or anything else.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/reads.h"

namespace slipway::render::helm {

using ThingId = uint32_t;
using Things = std::vector<ThingId>;       // sorted
bool add(Things& to, const Things& more);  // whether something new came in

// Of a text that is known in part: what is not known.
constexpr char kUnknownPart = '\0';

struct Thing {
  enum class Kind : uint8_t { other, text, files, place, made } kind = Kind::other;
  std::string text;
  uint32_t files_of = 0;     // files: which chart
  ReadPath* path = nullptr;  // place
  bool is_root = false;      // place: .Values itself
  int depth = 0;
  std::map<std::string, ThingId, std::less<>> places;  // place: those below it
  // What templates put there by name, and without one they can be known by.
  std::map<std::string, Things, std::less<>> fields;
  Things any;
  Things merged;  // what merge laid into it: its fields are these' too
};

class ThingTable {
 public:
  ThingTable();
  ThingId other() const { return 0; }
  ThingId text(std::string_view text);
  ThingId files(uint32_t chart);
  ThingId place(ReadPath& path);
  // The same one each time for the same origin.
  ThingId made(const void* site, uint64_t context);

  Thing& operator[](ThingId id) { return all_[id]; }
  // Adds to what outlives an expression: `grew` tells of it.
  void keep(Things& to, const Things& more);

  Things field(const Things& of, std::string_view key);
  Things elements(const Things& of);  // of a range, or under names that are not known
  Things keys_of(const Things& of);
  Things index(const Things& of, const Things& key);
  void test(const Things& all);
  void iterate(const Things& all);
  // Reads it all. Gives what of it a text made of it would carry: files, and texts with braces.
  Things whole(const Things& all);
  void put(const Things& into, const Things& key, const Things& value);
  void merge(const Things& into, const Things& more);

  bool grew = false;
  uint64_t work = 0;  // counted up

 private:
  // What stands under that key, or without one under any.
  Things look(const Things& of, const std::string_view* key);
  void look(ThingId of, const std::string_view* key, Things& out, std::set<ThingId>& seen);
  void whole(ThingId id, Things& carried, std::set<ThingId>& seen);
  ThingId below(ThingId of, std::string_view key);
  void limit(Things& all);        // too many to be told apart: all are read
  bool holds(const Things& all);  // whether what is put into it can be found again
  template <class F>
  void each_place(const Things& all, F f);

  std::deque<Thing> all_;
  std::map<std::string, ThingId, std::less<>> texts_;
  std::map<uint32_t, ThingId> files_;
  std::map<const ReadPath*, ThingId> places_;
  std::map<std::pair<const void*, uint64_t>, ThingId> made_;
};

}  // namespace slipway::render::helm
