// Number and character constants of a template, with all the types that they could be, as Go's parser takes them.
#pragma once

#include <string>

#include "lang/gotemplate/lex.h"
#include "lang/gotemplate/syntax.h"

namespace slipway::lang::gotemplate {

// An empty text when the word was a number; else what Go says.
std::string read_number(Number& n, const Token& t);

}  // namespace slipway::lang::gotemplate
