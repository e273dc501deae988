// huandu/xstrings: where words begin and end.
#include "lang/sprig/words.h"

#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::sprig {

namespace {

using gotemplate::is_letter;
using gotemplate::is_number;
using gotemplate::is_punctuation;
using gotemplate::is_space;
using gotemplate::is_upper;
using gotemplate::to_lower;
using gotemplate::to_upper;
using value::append_rune;
using value::decode_rune;
using value::Rune;

bool is_connector(char32_t c) {
  return c == '-' || c == '_' || is_space(c);
}
bool is_alphabet(char32_t c) {
  return is_letter(c) && !(c >= 0x3400 && c <= 0x4D85) && !(c >= 0x4E00 && c <= 0x9FCC) &&
         !(c >= 0x20000 && c <= 0x2B81D);
}
}  // namespace

std::string pascal_case(std::string_view s) {
  std::string out;
  bool first_upper = false;
  char32_t r0 = 0, r1 = 0;
  size_t size = 0;
  auto take = [&] {
    Rune r = decode_rune(s);
    size = static_cast<size_t>(r.length);
    s.remove_prefix(size);
    return r.code;
  };
  while (!s.empty()) {
    r0 = take();
    if (!is_connector(r0)) {
      first_upper = is_upper(r0);
      r0 = to_upper(r0);
      break;
    }
    append_rune(out, r0);
  }
  if (s.empty()) {
    if (size != 0) append_rune(out, r0);
    return out;
  }
  while (!s.empty()) {
    r1 = r0;
    r0 = take();
    if (is_connector(r0) && is_connector(r1)) {
      append_rune(out, r1);
      continue;
    }
    if (is_connector(r1)) {
      first_upper = is_upper(r0);
      r0 = to_upper(r0);
    } else {
      if (first_upper) {
        if (is_upper(r0))
          r0 = to_lower(r0);
        else
          first_upper = false;
      }
      append_rune(out, r1);
    }
  }
  append_rune(out, r0);
  return out;
}
namespace {

enum class Word { invalid, number, upper, alphabet, connector, punctuation, other };

// The next word of `rest`, which it shortens.
Word next_word(std::string_view& rest, std::string_view& word) {
  if (rest.empty()) {
    word = {};
    return Word::invalid;
  }
  std::string_view s = rest;
  // The next valid character and the bytes up to its end; wrong bytes are skipped. Nothing left: `before`, size so far.
  auto valid = [](std::string_view t, char32_t before, size_t& size) {
    size = 0;
    while (!t.empty()) {
      Rune r = decode_rune(t);
      size += static_cast<size_t>(r.length);
      if (r.code != 0xFFFD) return r.code;
      t.remove_prefix(static_cast<size_t>(r.length));
    }
    return before;
  };
  size_t size, offset = 0;
  char32_t c = valid(rest, 0xFFFD, size);
  offset += size;
  auto finish = [&](Word w) {
    word = s.substr(0, offset);
    return w;
  };
  if (c == 0xFFFD) {
    rest = s.substr(offset);
    return finish(Word::invalid);
  }
  rest.remove_prefix(size);
  auto run = [&](auto&& belongs) {
    while (!rest.empty()) {
      c = valid(rest, c, size);
      if (!belongs(c)) break;
      offset += size;
      rest.remove_prefix(size);
    }
  };
  auto lower_letters = [](char32_t x) { return is_alphabet(x) && !is_upper(x); };
  if (is_connector(c)) {
    run(is_connector);
    return finish(Word::connector);
  }
  if (is_punctuation(c)) {
    run(is_punctuation);
    return finish(Word::punctuation);
  }
  if (is_upper(c)) {
    if (rest.empty()) return finish(Word::upper);
    c = valid(rest, c, size);
    if (is_upper(c)) {
      size_t last = size;
      offset += size;
      rest.remove_prefix(size);
      while (!rest.empty()) {
        c = valid(rest, c, size);
        if (!is_upper(c)) break;
        last = size;
        offset += size;
        rest.remove_prefix(size);
      }
      if (!rest.empty() && is_alphabet(c)) {  // "HTTPServer": the S belongs to what follows
        offset -= last;
        rest = s.substr(offset);
      }
    } else if (is_alphabet(c)) {
      offset += size;
      rest.remove_prefix(size);
      run(lower_letters);
    }
    return finish(Word::upper);
  }
  if (is_alphabet(c)) {
    run(lower_letters);
    return finish(Word::alphabet);
  }
  if (is_number(c)) {
    run(is_number);
    return finish(Word::number);
  }
  run([](char32_t x) { return !(is_connector(x) || is_alphabet(x) || is_number(x) || is_punctuation(x)); });
  return finish(Word::other);
}

void put_lower(std::string& out, Word w, std::string_view word, char connector) {
  if (w != Word::upper && w != Word::connector) {
    out += word;
    return;
  }
  while (!word.empty()) {
    Rune r = decode_rune(word);
    word.remove_prefix(static_cast<size_t>(r.length));
    if (is_connector(r.code))
      out += connector;
    else
      append_rune(out, is_upper(r.code) ? to_lower(r.code) : r.code);
  }
}
}  // namespace

std::string lower_with(std::string_view rest, char connector) {
  if (rest.empty()) return "";
  std::string out;
  std::string_view word;
  Word w = next_word(rest, word);
  auto letters = [](Word x) { return x == Word::alphabet || x == Word::number; };
  while (!rest.empty()) {
    if (w != Word::connector) put_lower(out, w, word, connector);
    Word before = w;
    std::string_view last = word;
    w = next_word(rest, word);
    switch (before) {
      case Word::number:
        while (letters(w)) {
          put_lower(out, w, word, connector);
          w = next_word(rest, word);
        }
        if (w != Word::invalid && w != Word::punctuation && w != Word::connector) out += connector;
        break;
      case Word::connector:
        put_lower(out, before, last, connector);
        break;
      case Word::punctuation:
        break;
      default: {
        if (w != Word::number) {
          if (w != Word::connector && w != Word::punctuation) out += connector;
          break;
        }
        if (rest.empty()) break;
        std::string_view number = word;
        w = next_word(rest, word);
        if (w != Word::alphabet) {
          put_lower(out, Word::number, number, connector);
          if (w != Word::connector && w != Word::punctuation) out += connector;
          break;
        }
        out += connector;
        put_lower(out, Word::number, number, connector);
        while (letters(w)) {
          put_lower(out, w, word, connector);
          w = next_word(rest, word);
        }
        if (w != Word::invalid && w != Word::connector && w != Word::punctuation) out += connector;
      }
    }
  }
  put_lower(out, w, word, connector);
  return out;
}

}  // namespace slipway::lang::sprig
