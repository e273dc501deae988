// What Go's package unicode says of characters, in Unicode 15.0 as Go 1.21 to 1.26 have it. From utf8proc's tables,
// which lie in the program: no file of the machine's is read. For any number: what is no character is nothing of all
// this.
#pragma once

namespace slipway::lang::gotemplate {

bool is_letter(char32_t c);
bool is_digit(char32_t c);        // decimal digits of any script
bool is_number(char32_t c);       // and fractions, Roman numbers, ...
bool is_punctuation(char32_t c);  // unicode.IsPunct
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);  // as the one character for Dz
bool is_space(char32_t c);  // unicode.IsSpace
bool is_print(char32_t c);  // strconv.IsPrint: of blanks only U+0020
char32_t to_upper(char32_t c);
char32_t to_lower(char32_t c);
char32_t to_title(char32_t c);

}  // namespace slipway::lang::gotemplate
