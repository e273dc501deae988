#include "lang/gotemplate/unicode.h"

#include <locale.h>
#include <wctype.h>

namespace slipway::lang::gotemplate {

namespace {

// From glibc's files of the locale C.UTF-8; without them only ASCII has letters.
locale_t tables() {
  static const locale_t l = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return l;
}
template <class F>
bool ask(F f, char32_t c) {
  locale_t l = tables();
  return l != nullptr && f(static_cast<wint_t>(c), l) != 0;
}

}  // namespace

void load_characters() {
  (void)tables();
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
  if (c == 0xFFFD) return false;
  return ask(iswalpha_l, c);
}
bool is_digit(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  static constexpr struct {
    char32_t first, last;
  } runs[] = {{0x660, 0x669},   {0x6F0, 0x6F9},   {0x7C0, 0x7C9},   {0x966, 0x96F},   {0x9E6, 0x9EF},
              {0xA66, 0xA6F},   {0xAE6, 0xAEF},   {0xB66, 0xB6F},   {0xBE6, 0xBEF},   {0xC66, 0xC6F},
              {0xCE6, 0xCEF},   {0xD66, 0xD6F},   {0xE50, 0xE59},   {0xED0, 0xED9},   {0xF20, 0xF29},
              {0x1040, 0x1049}, {0x17E0, 0x17E9}, {0x1810, 0x1819}, {0xFF10, 0xFF19}, {0x1D7CE, 0x1D7FF}};
  for (auto [first, last] : runs)
    if (c >= first && c <= last) return true;
  return false;
}
bool is_upper(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  return ask(iswupper_l, c);
}
bool is_lower(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z';
  return ask(iswlower_l, c);
}
bool is_space(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool is_print(char32_t c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7F;
  if (c < 0xA1 || c == 0xAD) return false;
  if (is_space(c) || c == 0xFEFF || (c >= 0xD800 && c < 0xF900) || c > 0x10FFFF) return false;
  // Format characters are printable to the C library and not to Go.
  if ((c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
      (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0x600 && c <= 0x605) || c == 0x61C || c == 0x6DD || c == 0x70F ||
      c == 0x180E || (c >= 0xE0000 && c <= 0xE007F))
    return false;
  return ask(iswprint_l, c);
}
char32_t to_upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  locale_t l = tables();
  return l == nullptr ? c : static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), l));
}
char32_t to_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  locale_t l = tables();
  return l == nullptr ? c : static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), l));
}

}  // namespace slipway::lang::gotemplate
