// While a kustomization is built each resource writes down what it becomes (History), which costs as much as there are
// changes. Of what is asked for the states are then replayed: each is held against the one before, what is equal was
// not meant, the rest was written by the state's step - of a JSON patch, by the operation that does it.
// Elements of lists are found again by their memory, their equals, their names, and at last by their place.
#include "render/kustomize/explain.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "render/kustomize/patch.h"
#include "value/json.h"
#include "value/note.h"
#include "value/patch.h"

namespace slipway::render::kustomize {
namespace {

constexpr size_t kShownMax = 60;
// Which element of the list before each one now was.
std::vector<std::optional<size_t>> earlier_elements(const Value& before, const Value& now, bool patched) {
  std::vector<std::optional<size_t>> out(now.size());
  std::vector<bool> taken(before.size());
  // What is the same from both ends on needs no search; mostly that is all but one.
  size_t shorter = std::min(before.size(), now.size()), front = 0, back = 0;
  for (; front < shorter && before[front].same_node(now[front]); ++front) out[front] = front;
  for (; back < shorter - front; ++back) {
    size_t j = before.size() - 1 - back, i = now.size() - 1 - back;
    if (!before[j].same_node(now[i])) break;
    out[i] = j;
  }
  auto pair = [&](auto&& is_same) {
    for (size_t i = front; i < now.size() - back; ++i) {
      auto fits = [&](size_t j) { return !taken[j] && is_same(before[j], now[i], i == j); };
      for (size_t k = front; k <= before.size() - back && !out[i]; ++k) {
        size_t j = k == front ? i : k - 1;  // its own place first
        if (j < front || j >= before.size() - back || !fits(j)) continue;
        out[i] = j;
        taken[j] = true;
      }
    }
  };
  pair([](const Value& a, const Value& b, bool) { return (b.is_object() || b.is_array()) && a.same_node(b); });
  pair([](const Value& a, const Value& b, bool) { return a == b; });
  pair([](const Value& a, const Value& b, bool) { return same_name(a, b).value_or(false); });
  if (before.size() == now.size())
    pair([&](const Value& a, const Value& b, bool in_place) {
      // A patch that brings another name brings another element; others change names.
      return in_place && (!patched || same_name(a, b).value_or(true));
    });
  return out;
}

std::string shown(const Value& v) {
  std::string text = v.is_string() ? v.str() : value::to_json(v);
  if (text.empty() || text.find('\n') != text.npos) text = value::to_json(Value(text));
  return text.size() > kShownMax ? text.substr(0, kShownMax) + "..." : text;
}

}  // namespace

// ---- following

void Explanation::begin() {
  writers_.clear();
  followed_.clear();
  finished_.clear();
  history_.clear();
}

size_t Explanation::writer_for(const Step& step) {
  writers_.emplace_back(step);
  return writers_.size() - 1;
}

void Explanation::write_down(size_t writer) {
  for (Became& became : history_) {
    auto& states = followed_[became.number - 1].states;
    if (states.back().writer == writer)
      states.back().object = std::move(became.object);
    else
      states.push_back({writer, std::move(became.object)});
  }
  history_.clear();
}

// What changed between two steps is the afterthought of the first.
void Explanation::before(ResourceSet&, const Step&) {
  if (!history_.empty()) write_down(writers_.size() - 1);
}

void Explanation::after(ResourceSet& set, const Step& step) {
  std::optional<size_t> writer;
  for (size_t i = step.fresh_from; i < set.all().size(); ++i) {
    Resource& r = set.all()[i];
    if (r.number || r.is_removed()) continue;
    if (!writer) writer = writer_for(step);
    followed_.push_back({r.origin, {{*writer, r.object()}}});
    r.number = static_cast<uint32_t>(followed_.size());
    r.history = &history_;
  }
  if (history_.empty()) return;
  write_down(writer ? *writer : writer_for(step));
}

void Explanation::finished(ResourceSet& set) {
  for (Resource& r : set.all()) {
    finished_.push_back(r.number);
    r.number = 0;
    r.history = nullptr;
  }
}

// ---- replaying

class Explanation::Replay {
 public:
  Replay(const std::vector<Writer>& writers, const Followed& followed) {
    Value at = value::written_meaning(followed.states[0].object);
    origin = made(at);
    for (writing_.state = 1; writing_.state < followed.states.size(); ++writing_.state) {
      const State& state = followed.states[writing_.state];
      const Writer& writer = writers[state.writer];
      Value now = value::written_meaning(state.object);
      patched_ = writer.is_patch();
      const Value& operations = writer.operations();
      for (size_t i = 0; i < operations.size(); ++i) {
        Value operation = from_first_slash(operations[i]);
        // Where kustomize keeps notes of its own there are annotations to add to.
        bool lent = operation["path"].as_string().starts_with("/metadata/annotations/") && at["metadata"].is_object() &&
                    !at["metadata"].has("annotations");
        auto after = value::json_patch(lent ? at.with("/metadata/annotations", Value::object()) : at,
                                       Value::array({std::move(operation)}));
        if (!after) break;
        writing_.operation = static_cast<int>(i);
        origin = changed(at, origin, *after);
        at = std::move(*after);
      }
      writing_.operation = -1;
      origin = changed(at, origin, now);
      at = std::move(now);
    }
    object = std::move(at);
  }
  Value object;
  Origin origin;

 private:
  Origin made(const Value& v) {
    Origin out{{writing_}, {}, {}};
    for (const auto& [key, item] : v.members())
      out.members.emplace(key.str(), below(key.str(), [&] { return made(item); }));
    for (size_t i = 0; v.is_array() && i < v.size(); ++i)
      out.items.push_back(below(std::to_string(i), [&] { return made(v[i]); }));
    return out;
  }

  Origin changed(const Value& before, const Origin& origin, const Value& now) {
    if (now.same_node(before) || now == before) return origin;
    // Vars and printing make texts of numbers, and write nothing.
    bool scalars = !now.is_object() && !now.is_array() && !before.is_object() && !before.is_array();
    if (scalars && !patched_ && scalar_text(now) == scalar_text(before)) return origin;
    Origin out{origin.writings, {}, {}};
    if (now.is_object() && before.is_object()) {
      for (const auto& [key, item] : now.members()) {
        const Value* old = before.find(key);
        out.members.emplace(key.str(), below(key.str(), [&] {
                              return old ? changed(*old, origin.members.at(key.str()), item) : made(item);
                            }));
      }
      return out;
    }
    if (now.is_array() && before.is_array()) {
      auto earlier = earlier_elements(before, now, patched_);
      for (size_t i = 0; i < now.size(); ++i)
        out.items.push_back(below(std::to_string(i), [&] {
          return earlier[i] ? changed(before[*earlier[i]], origin.items.at(*earlier[i]), now[i]) : made(now[i]);
        }));
      return out;
    }
    out = made(now);
    out.writings = origin.writings;
    out.writings.push_back(writing_);
    return out;
  }

  Origin below(std::string part, auto&& look) {
    writing_.path.push_back(std::move(part));
    Origin out = look();
    writing_.path.pop_back();
    return out;
  }

  Writing writing_;
  bool patched_ = false;
};

// ---- telling

Result<std::string> Explanation::tell(const std::string& name) const {
  std::string out;
  std::vector<std::string> names;
  for (uint32_t number : finished_) {
    const Followed& followed = followed_[number - 1];
    if (kinds::kind_of(followed.states.back().object) != kind_) continue;
    bool named = false;
    for (const State& state : followed.states) {
      std::string_view was = kinds::name_of(state.object);
      named = named || was == name;
      if (names.empty() || names.back() != was) names.emplace_back(was);
    }
    if (named) tell_one(followed, out);
  }
  if (!out.empty()) return out;
  auto near = base::nearest(name, names);
  return fail(ErrorKind::not_found, "there is no {} {} in what is built{}", kind_, name,
              near ? fmt::format("; did you mean {}/{}?", kind_, *near) : "");
}

void Explanation::tell_one(const Followed& followed, std::string& out) const {
  Replay replay(writers_, followed);
  std::string ns(kinds::namespace_of(replay.object));
  out += fmt::format("{}{} {}{}{}\n", out.empty() ? "" : "\n", kind_, ns, ns.empty() ? "" : "/",
                     kinds::name_of(replay.object));
  std::vector<std::pair<std::string, std::string>> lines;
  tell_value(followed, replay.object, replay.origin, "", lines);
  size_t width = 0;
  for (const auto& [field, from] : lines) width = std::max(width, std::min<size_t>(field.size(), 72));
  for (const auto& [field, from] : lines) out += fmt::format("  {:<{}}  {}\n", field, width, from);
}

void Explanation::tell_value(const Followed& followed, const Value& v, const Origin& origin, const std::string& field,
                             std::vector<std::pair<std::string, std::string>>& lines) const {
  if (v.size() && (v.is_object() || v.is_array())) {
    for (const auto& [key, item] : v.members()) {
      bool dotted = key.view().find('.') != std::string_view::npos;
      std::string more = dotted ? fmt::format("[{}]", key.view()) : (field.empty() ? "" : ".") + key.str();
      tell_value(followed, item, origin.members.at(key.str()), field + more, lines);
    }
    for (size_t i = 0; v.is_array() && i < v.size(); ++i)
      tell_value(followed, v[i], origin.items.at(i), fmt::format("{}[{}]", field, i), lines);
    return;
  }
  const std::vector<std::string>& path = origin.writings.back().path;
  bool secret = kind_ == "Secret" && path.size() > 1 && (path[0] == "data" || path[0] == "stringData");
  lines.emplace_back(fmt::format("{}: {}", field, secret ? "(not shown)" : shown(v)), origin_words(followed, origin));
}

std::string Explanation::origin_words(const Followed& followed, const Origin& origin) const {
  std::string out;
  for (size_t i = origin.writings.size(); i-- > 0;) {
    const Writing& writing = origin.writings[i];
    const Writer& writer = writers_[followed.states[writing.state].writer];
    base::Place field = field_place(followed, writing);
    std::string words = field.line || writer.is_file() ? field.str() : writer.entry().str();
    if (!writer.is_file()) words += (words.empty() ? "" : " ") + writer.what();
    if (field.line && writer.is_patch() && field.file != writer.entry().file)
      words += fmt::format(" ({})", writer.entry().str());
    out += (out.empty() ? "" : ", before: ") + words;
  }
  return out;
}

base::Place Explanation::field_place(const Followed& followed, const Writing& writing) const {
  const State& state = followed.states[writing.state];
  const Value& before = followed.states[writing.state ? writing.state - 1 : 0].object;
  return writers_[state.writer].field(writing, before, value::written_meaning(state.object), followed.read);
}

base::Place Explanation::place_of(size_t resource, const std::vector<std::string>& path) const {
  if (resource >= finished_.size()) return {};
  const Followed& followed = followed_[finished_[resource] - 1];
  Replay replay(writers_, followed);
  const Origin* at = &replay.origin;
  for (const std::string& part : path) {
    auto member = at->members.find(part);
    auto index = at->items.empty() ? std::nullopt : base::parse_int(part);
    if (member != at->members.end())
      at = &member->second;
    else if (index && *index >= 0 && static_cast<size_t>(*index) < at->items.size())
      at = &at->items[static_cast<size_t>(*index)];
    else
      break;
  }
  const Writing& last = at->writings.back();
  base::Place place = field_place(followed, last);
  return place.line ? place : writers_[followed.states[last.state].writer].entry();
}

}  // namespace slipway::render::kustomize
