#include "base/result.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace slipway::base {

std::string Error::str() const {
  std::string place = d_->place.str();
  return d_->context + (place.empty() ? "" : place + ": ") + d_->message;
}

Error Error::context(std::string_view what) && {
  d_->context = fmt::format("{}: {}", what, d_->context);
  return std::move(*this);
}

Error Error::at(Place place) && {
  if (d_->place.file.empty() && d_->place.line == 0) {
    d_->place = std::move(place);
  } else if (d_->place.file.empty()) {
    d_->place.file = std::move(place.file);
  }
  return std::move(*this);
}

Error Error::cause(Cause c) && {
  d_->causes.push_back(std::move(c));
  return std::move(*this);
}

Error Error::retry_after(int seconds) && {
  d_->retry_after_s = seconds;
  return std::move(*this);
}

Error Error::as(ErrorKind kind) && {
  d_->kind = kind;
  return std::move(*this);
}

std::string Place::str() const {
  if (line == 0) return file;
  if (column == 0) return fmt::format("{}{}{}", file, file.empty() ? "line " : ":", line);
  return file.empty() ? fmt::format("line {} column {}", line, column) : fmt::format("{}:{}:{}", file, line, column);
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::already_exists:
      return "already exists";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::bad_request:
      return "bad request";
    case ErrorKind::unauthorized:
      return "unauthorized";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::gone:
      return "gone";
    case ErrorKind::too_large:
      return "too large";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::canceled:
      return "canceled";
    case ErrorKind::io:
      return "io";
    case ErrorKind::internal:
      return "internal";
  }
  return "unknown";
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "slipway: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace slipway::base
