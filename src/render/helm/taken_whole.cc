#include "render/helm/taken_whole.h"

#include <cctype>
#include <vector>

#include "base/text.h"

namespace slipway::render::helm {

namespace {

// What stands between "{{" and "}}", without the dashes.
struct Action {
  std::string_view text;
  size_t end;  // behind "}}"
};

Action action_at(std::string_view templates, size_t open) {
  size_t close = templates.find("}}", open);
  if (close == templates.npos) close = templates.size();
  std::string_view text = templates.substr(open + 2, close - open - 2);
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.ends_with('-')) text.remove_suffix(1);
  return {base::trim(text), std::min(close + 2, templates.size())};
}

std::string_view first_word(std::string_view action) {
  size_t end = 0;
  while (end < action.size() && word_character(action[end])) ++end;
  return action.substr(0, end);
}

// Whether the action names `what` ("." or "$item") and not a member of it.
bool names_whole(std::string_view action, std::string_view what) {
  for (size_t at = action.find(what); at != action.npos; at = action.find(what, at + 1)) {
    char before = at == 0 ? ' ' : action[at - 1];
    char after = at + what.size() < action.size() ? action[at + what.size()] : ' ';
    bool begins = std::isspace(static_cast<unsigned char>(before)) || before == '(' || before == '|' || before == ',';
    if (begins && !word_character(after) && after != '.' && after != ':' && after != '=') return true;
  }
  return false;
}

// Whether what lies between a `with` or `range` and its end takes all of what it is about.
bool body_takes_whole(std::string_view templates, size_t begin, std::string_view head) {
  std::vector<std::string_view> names = {"."};
  if (size_t declared = head.find(":="); declared != head.npos) {
    std::string_view left = head.substr(0, declared);
    size_t last = left.rfind('$');
    if (last != left.npos) names.push_back(left.substr(last, left.find_last_not_of(" \t") + 1 - last));
  }
  int depth = 1;
  for (size_t open = templates.find("{{", begin); open != templates.npos;) {
    Action action = action_at(templates, open);
    std::string_view word = first_word(action.text);
    bool starts = word == "if" || word == "with" || word == "range" || word == "block" || word == "define";
    if (starts) ++depth;
    if (word == "end" && --depth == 0) return false;
    bool only_asked = word == "if" || word == "else";
    for (std::string_view name : names)
      if (!only_asked && names_whole(action.text, name)) return true;
    open = templates.find("{{", action.end);
  }
  return true;  // no end in sight
}

// Whether the action asks a table for a member by a name that stands there: index .Values "a", dig "a" "b" 1 .Values.
bool asks_for_member(std::string_view action) {
  for (std::string_view function : {"index", "get", "hasKey"}) {
    size_t at = action.find(function);
    if (at == action.npos || (at > 0 && word_character(action[at - 1]))) continue;
    std::string_view rest = base::trim(action.substr(at + function.size()));
    size_t space = rest.find(' ');
    if (space != rest.npos && base::trim(rest.substr(space)).starts_with('"')) return true;
  }
  size_t dig = action.find("dig \"");
  return dig != action.npos && (dig == 0 || !word_character(action[dig - 1]));
}

// `field`: only where it stands behind a dot; a member of it that is asked for by name is not all of it.
Taken how_taken(std::string_view templates, std::string_view key, bool field) {
  Taken taken;
  for (size_t at = templates.find(key); at != templates.npos; at = templates.find(key, at + key.size())) {
    if (!names_itself(templates, at, key.size())) continue;
    size_t open = templates.rfind("{{", at), closed = templates.rfind("}}", at);
    if (open == templates.npos || (closed != templates.npos && closed > open)) continue;  // plain text
    Action action = action_at(templates, open);
    std::string_view word = first_word(action.text), head = action.text;
    if (word == "else") {
      head.remove_prefix(word.size());
      while (head.starts_with(' ')) head.remove_prefix(1);
      word = first_word(head);
    }
    if (word == "if" || action.text.starts_with("/*")) continue;
    if (field && (templates[at - 1] != '.' || asks_for_member(action.text))) continue;
    bool looks_into = (word == "with" || word == "range") && head.find('|') == head.npos && head.find('(') == head.npos;
    if (!looks_into || body_takes_whole(templates, action.end, head)) {
      taken.whole = true;
      return taken;
    }
    taken.ranged = taken.ranged || word == "range";
  }
  return taken;
}

}  // namespace

bool word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

bool names_itself(std::string_view templates, size_t at, size_t size) {
  size_t end = at + size;
  bool begins = at == 0 || !word_character(templates[at - 1]);
  bool ends = end >= templates.size() || !word_character(templates[end]);
  bool goes_on = end + 1 < templates.size() && templates[end] == '.' && word_character(templates[end + 1]);
  return begins && ends && !goes_on;
}

Taken how_taken(std::string_view templates, std::string_view key) {
  return how_taken(templates, key, false);
}

bool takes_all_values(std::string_view templates) {
  Taken taken = how_taken(templates, "Values", true);
  return taken.whole || taken.ranged;
}

}  // namespace slipway::render::helm
