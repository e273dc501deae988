#include "lang/gotemplate/unicode.h"

#include <utf8proc.h>

namespace slipway::lang::gotemplate {

namespace {

utf8proc_int32_t code(char32_t c) {
  return static_cast<utf8proc_int32_t>(c);
}
bool between(char32_t c, utf8proc_category_t first, utf8proc_category_t last) {
  utf8proc_category_t category = c > 0x10FFFF ? UTF8PROC_CATEGORY_CN : utf8proc_category(code(c));
  return category >= first && category <= last;
}

}  // namespace

bool is_letter(char32_t c) {
  if (c < 0x80) return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
  return between(c, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LO);
}
bool is_digit(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return between(c, UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_ND);
}
bool is_number(char32_t c) {
  return between(c, UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO);
}
bool is_punctuation(char32_t c) {
  return between(c, UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO);
}
bool is_upper(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  return between(c, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LU);
}
bool is_lower(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z';
  return between(c, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LL);
}
bool is_title(char32_t c) {
  return between(c, UTF8PROC_CATEGORY_LT, UTF8PROC_CATEGORY_LT);
}
bool is_space(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool is_print(char32_t c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7F;
  static_assert(UTF8PROC_CATEGORY_LU == 1 && UTF8PROC_CATEGORY_ZS == UTF8PROC_CATEGORY_SO + 1);
  return between(c, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_SO);  // letters, marks, numbers, punctuation, symbols
}
char32_t to_upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if (c == 0xDF) return c;  // the one that utf8proc has otherwise: a capital sharp s
  return static_cast<char32_t>(utf8proc_toupper(code(c)));
}
char32_t to_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return static_cast<char32_t>(utf8proc_tolower(code(c)));
}
char32_t to_title(char32_t c) {
  if (c < 0x80 || c == 0xDF) return to_upper(c);
  return static_cast<char32_t>(utf8proc_totitle(code(c)));
}

}  // namespace slipway::lang::gotemplate
