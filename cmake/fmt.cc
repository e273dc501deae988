// What libfmt.so would hold, for a release without it: fmt's headers carry the code, this file gives the templates that
// <fmt/format.h> declares as being elsewhere a place to be.
#include <fmt/format-inl.h>

namespace fmt::inline v9::detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template std::locale locale_ref::get<std::locale>() const;
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
template void buffer<char>::append(const char*, const char*);
template void vformat_to(buffer<char>&, string_view, basic_format_args<buffer_context<char>>, locale_ref);
}  // namespace fmt::inline v9::detail
