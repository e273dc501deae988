// Whether templates take a table or a list as a whole (toYaml, include, tpl), so that whatever stands in it is read; or
// only name its members one by one (".image.tag", within `with` and `range` too). Told from the text alone: in doubt it
// is taken whole. Pure.
#pragma once

#include <string>
#include <string_view>

namespace slipway::render::helm {

bool word_character(char c);  // of a key as templates write it
// Whether the word of `size` at `at` stands for itself there: not a part of a longer one, and no member of it is named.
bool names_itself(std::string_view templates, size_t at, size_t size);

struct Taken {
  bool whole = false;
  bool ranged = false;  // a `range` goes over it
};
// `key`: the last name of its path. `templates`: the texts of all of them.
Taken how_taken(std::string_view templates, std::string_view key);
// Whether they take .Values as a whole, or go over it: then every key is read. One that is asked for by its name
// (index .Values "a") is no such thing.
bool takes_all_values(std::string_view templates);

}  // namespace slipway::render::helm
