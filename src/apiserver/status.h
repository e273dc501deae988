// metav1.Status from an Error: code, reason and details as kubectl and client libraries read them.
#pragma once

#include "base/result.h"
#include "value/value.h"

namespace slipway::apiserver {

int http_code(const Error& error);
Value status_of(const Error& error);
Value not_found_status();  // "the server could not find the requested resource"
Value method_not_allowed_status();

}  // namespace slipway::apiserver
