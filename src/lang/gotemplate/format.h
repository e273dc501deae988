// Go's fmt over Any: what {{.x}}, print and printf write.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lang/gotemplate/any.h"

namespace slipway::lang::gotemplate {

// What an action prints: fmt.Fprint of one value; no value prints "<no value>", nil "<nil>". False when it is nested
// deeper or longer than any text should be (a map that contains itself): Go's process would die there.
bool append_printed(std::string& out, const Any& v);
// No text printed here grows far past this: a few lists that hold one another twice over would fill any memory. Whoever
// gets a longer one has only its beginning.
constexpr size_t kPrintedMax = 64 << 20;
std::string sprint(std::span<const Any> v);    // blanks only between two that are no strings
std::string sprintln(std::span<const Any> v);  // blanks between all, and a newline
std::string sprintf(std::string_view format, std::span<const Any> v);
std::string printed(const Any& v);  // %v

std::string quote(std::string_view s);  // strconv.Quote: what %q writes
// strconv.Unquote of "..." (with escapes), `...` or a character; false: invalid syntax.
bool unquote(std::string_view literal, std::string& out);
std::string format_float(double d, char format, int precision, int bits = 64);  // strconv.FormatFloat; -1: shortest
std::string duration_text(int64_t nanoseconds);                                 // time.Duration.String: "1m35s"

}  // namespace slipway::lang::gotemplate
