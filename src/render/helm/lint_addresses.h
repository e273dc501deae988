// What `helm lint` takes for the address of a page or of a person: the judgement of Go's net/url and of govalidator.
// For lint.
#pragma once

#include <string_view>

namespace slipway::render::helm {

// With a scheme, and such that url.ParseRequestURI reads it: "data:image/png;base64,xx" is one, "http://x#f" is none.
bool is_request_url(std::string_view text);
bool is_url(std::string_view text);    // as govalidator.IsURL: "example.org", "localhost:80/x", "https://u@[::1]"
bool is_email(std::string_view text);  // as govalidator.IsEmail

}  // namespace slipway::render::helm
