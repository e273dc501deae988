// What Go's package unicode says of characters, from the C library's tables.
#pragma once

namespace slipway::lang::gotemplate {

bool is_letter(char32_t c);  // letters, and digits of scripts other than Latin
bool is_digit(char32_t c);   // 0-9 and those other digits
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_space(char32_t c);  // unicode.IsSpace
// Reads the tables of characters that are not ASCII, once. Whoever gives up the file system calls it before.
void load_characters();
bool is_print(char32_t c);  // strconv.IsPrint: of blanks only U+0020
char32_t to_upper(char32_t c);
char32_t to_lower(char32_t c);

}  // namespace slipway::lang::gotemplate
