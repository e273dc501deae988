#include "runtime/system_error.h"

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace slipway::runtime {
namespace {

ErrorKind kind_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::not_found;
    case EEXIST:
    case EADDRINUSE:
      return ErrorKind::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::forbidden;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return ErrorKind::unavailable;
    case ETIMEDOUT:
      return ErrorKind::timeout;
    default:
      return ErrorKind::io;
  }
}

}  // namespace

Error system_error(int number, std::string_view what) {
  const char* word = strerrordesc_np(number);  // unlike strerror, safe on every thread
  return fail(kind_of(number), "{}: {}", what, word ? word : "unknown error");
}

bool is_read_only_file_system(const Error& error) {
  return error.is(ErrorKind::forbidden) && error.message().ends_with(strerrordesc_np(EROFS));
}

}  // namespace slipway::runtime
