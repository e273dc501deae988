// Result<T>: a value, or an Error that says what kind of thing went wrong (what a caller may do next), a message for
// people, and the context gathered on the way up. Errors are values; exceptions are for the unexpected only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace slipway::base {

// What a caller may do next; the API server maps each onto a Status reason and an HTTP code.
enum class ErrorKind {
  not_found,       // 404 NotFound: look elsewhere, or create
  already_exists,  // 409 AlreadyExists
  conflict,        // 409 Conflict: read again and retry
  invalid,         // 422 Invalid: the input breaks a rule; `causes` name the fields
  bad_request,     // 400 BadRequest: the input cannot be understood
  unauthorized,    // 401
  forbidden,       // 403
  unsupported,     // 405, 406, 415: understood, but not offered
  gone,            // 410 Expired: the revision is too old, list again
  too_large,       // 413: over a limit
  timeout,         // 504: no answer in time, retry later
  unavailable,     // 503: the other side is not there, retry later
  canceled,        // the task was told to stop; pass it on, say nothing
  io,              // a file, socket or process failed
  internal,        // a broken invariant: a bug of ours
};
std::string_view to_string(ErrorKind kind);

// One field of an object that breaks a rule, as in metav1.StatusCause.
struct Cause {
  std::string reason;   // FieldValueRequired, FieldValueInvalid, ...
  std::string message;  // without the field: "Required value"
  std::string field;    // "spec.template.spec.containers[0].name"
};

// A place in a file that a person wrote: line and column count from 1; 0 = unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  std::string str() const;  // "base/redis.yaml:12:5"
};

class Error {
 public:
  Error(ErrorKind kind, std::string message)
      : d_(std::make_unique<Data>(Data{kind, std::move(message), {}, {}, 0, {}})) {}
  Error(const Error& o) : d_(std::make_unique<Data>(*o.d_)) {}
  Error& operator=(const Error& o) { return *this = Error(o); }
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;

  ErrorKind kind() const { return d_->kind; }
  bool is(ErrorKind k) const { return d_->kind == k; }
  // The message with everything known around it: "reading apps/web: base/redis.yaml:12:5: did not find expected key".
  std::string str() const;
  const std::string& message() const { return d_->message; }  // innermost, without context and place
  const Place& place() const { return d_->place; }
  const std::vector<Cause>& causes() const { return d_->causes; }
  int retry_after_s() const { return d_->retry_after_s; }

  Error context(std::string_view what) &&;  // puts "what: " in front
  Error at(Place place) &&;                 // keeps the first (innermost) place
  Error cause(Cause c) &&;
  Error retry_after(int seconds) &&;
  Error as(ErrorKind kind) &&;

 private:
  struct Data {
    ErrorKind kind;
    std::string message;
    std::string context;
    Place place;
    int retry_after_s;
    std::vector<Cause> causes;
  };
  std::unique_ptr<Data> d_;
};

template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base b) : Base(std::move(b)) {}
  Result(Error e) : Base(tl::unexpected<Error>(std::move(e))) {}
  Result context(std::string_view what) && {
    if (this->has_value()) return std::move(*this);
    return Result(std::move(this->error()).context(what));
  }
  bool failed_with(ErrorKind k) const { return !this->has_value() && this->error().is(k); }
};

// fail(ErrorKind::invalid, "expected {}, got {}", a, b) is in base/text.h (it needs fmt).

// Stops the program with file and line when an invariant does not hold, in release builds too.
#define SLIPWAY_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::slipway::base::check_failed(#condition, __FILE__, __LINE__))
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

template <class T>
decltype(auto) unwrap_for_macro(Result<T>& r) {
  if constexpr (std::is_void_v<T>)
    return;
  else
    return std::move(*r);
}

}  // namespace slipway::base

// auto v = OR_RETURN(f());           in a function that returns a Result
// auto v = OR_CO_RETURN(co_await f()); in a coroutine that returns Task<Result<...>>
#define OR_RETURN(expr)                                                \
  ({                                                                   \
    auto or_return_ = (expr);                                          \
    if (!or_return_.has_value()) return std::move(or_return_).error(); \
    ::slipway::base::unwrap_for_macro(or_return_);                     \
  })
#define OR_CO_RETURN(expr)                                                \
  ({                                                                      \
    auto or_return_ = (expr);                                             \
    if (!or_return_.has_value()) co_return std::move(or_return_).error(); \
    ::slipway::base::unwrap_for_macro(or_return_);                        \
  })

namespace slipway {
using base::Error;
using base::ErrorKind;
using base::Result;
}  // namespace slipway
