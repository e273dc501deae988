// Go's text/template (1.26): many named templates in one set, compiled once, run many times.
//
//   Functions functions;                                  // the 19 built-ins are in it
//   functions.add("upper", "(string) string", upper);
//   Set set(share(functions));
//   OR_RETURN(set.parse("chart/templates/a.yaml", text));
//   Run run(limits, environment);
//   std::string out;
//   auto done = run.execute(set, "chart/templates/a.yaml", data, out);   // or done.error().text
//
// A Set and its Functions do not change while runs use them: any number of threads may run them at once. A Run is one
// thread's. Source of semantics and of every message: text/template and fmt of Go 1.26.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

#include "lang/gotemplate/any.h"
#include "lang/gotemplate/trace.h"

namespace slipway::lang::gotemplate {

class Call;
class Executor;
class Run;
class Set;

// Parameters and result as Go declares them, "any" for interface {}: "(string, ...any) string", "([]string,
// map[string]any) any". That a function may fail is not said. Names that are no built-in type come from `more`.
// Asserts that it is well-formed.
Signature parse_signature(std::string_view go, std::span<const Type* const> more = {});

struct Function {
  std::string name;
  Signature signature;
  std::function<Any(Call&)> run;
  enum class Builtin : uint8_t { none, and_, or_, call } builtin = Builtin::none;
};

class Functions {
 public:
  Functions();  // and or not len index slice call print printf println html js urlquery eq ne lt le gt ge
  // A later function of the same name replaces the earlier. The arguments that `run` sees already have the parameters'
  // types.
  void add(std::string_view name, std::string_view signature, std::function<Any(Call&)> run,
           std::span<const Type* const> more = {});
  void add(std::string_view name, Signature signature, std::function<Any(Call&)> run);
  void remove(std::string_view name);
  const Function* find(std::string_view name) const;
  std::shared_ptr<const Function> share(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  std::unordered_map<std::string, std::shared_ptr<const Function>, Hash, std::equal_to<>> table_;
};

// One step of an execution error, outermost first.
struct Frame {
  std::string file;       // the name under which the text was parsed: "chart/templates/a.yaml"
  int line = 0;           // from 1
  int column = 0;         // from 0, in bytes, as Go counts
  std::string executing;  // the template's name
  std::string node;       // the expression as Go prints it again: ".Values.a.b"
  std::string calling;    // the function whose error this is ("include"); empty: the message is the template's own
};

struct Failure {
  ErrorKind kind = ErrorKind::invalid;  // bad_request: does not parse; too_large, timeout, canceled: over a limit
  std::string text;                     // Go's whole text: "template: a.yaml:1:3: executing ..."
  std::string message;                  // the innermost cause: "nil pointer evaluating interface {}.b"
  std::vector<Frame> frames;            // of an execution error; of a parse error one, with file and line
  // Whether Go's error would be a template.ExecError; false also for what a function makes out of one ("error during
  // tpl function execution for ...: template: ...").
  bool is_template_error = false;
};
using Outcome = tl::expected<void, Failure>;

enum class MissingKey { invalid, zero, error };  // Template.Option("missingkey=...")

struct Limits {
  // Work: an action, a text, an iteration, a call are a step each; texts count by their length, costly functions (keys,
  // password hashes) as much as they take. A step is about 20 to 100 ns.
  uint64_t steps_max = 200'000'000;
  size_t output_bytes_max = 512 << 20;  // of one output, whatever include gathers too
  size_t memory_bytes_max = 1 << 30;    // what functions make, roughly, counted up and never down
  size_t value_bytes_max = 256 << 20;   // of one text or list that a function makes: refused before it is made
  int template_depth_max = 100'000;     // Go's own limit for {{template}}
  size_t stack_bytes_max = 6 << 20;     // of this thread's stack, from where execute() was first called
  std::function<bool()> stop;           // asked now and then; true ends the run
};

// What functions know of the world outside. Whoever runs sets it from World.
struct Environment {
  std::function<std::chrono::system_clock::time_point()> now;
  std::function<void(std::span<std::byte>)> random;                           // fills it with secret bytes
  std::function<std::optional<std::string>(std::string_view zone)> zoneinfo;  // a TZif file's bytes: "Europe/Berlin"
  std::string local_zone = "UTC";
};

struct Parsed;    // one parsed text; syntax.h
struct Template;  // one named template in it; syntax.h

class Set {
 public:
  // `root_name`: of Go's template.New, in "no template "x" associated with template "gotpl"".
  explicit Set(std::shared_ptr<const Functions> functions, MissingKey missing = MissingKey::invalid,
               std::string_view root_name = "gotpl");
  Set(Set&&) noexcept;
  Set& operator=(Set&&) noexcept;
  ~Set();

  // Adds the text's own template under `name`, and what it defines. As in Go, a later one of the same name replaces an
  // earlier one, unless it is empty but for blanks and comments. Gives the text's own template.
  // A text that is shared is not copied.
  tl::expected<const Template*, Failure> parse(std::string_view name, std::string_view text);
  tl::expected<const Template*, Failure> parse(std::string_view name, std::shared_ptr<const std::string> text);
  // A set that sees everything in this one, and keeps to itself what is added to it: what tpl clones. This set must
  // outlive it.
  Set overlay() const;

  const Template* find(std::string_view name) const;  // null: none
  const Functions& functions() const { return *functions_; }
  MissingKey missing() const { return missing_; }
  const std::string& root_name() const { return root_name_; }
  std::vector<std::string> names() const;  // of all templates, sorted

 private:
  struct Names;
  const Set* below_ = nullptr;
  std::shared_ptr<const Functions> functions_;
  MissingKey missing_;
  std::string root_name_;
  std::vector<std::shared_ptr<const Parsed>> parsed_;
  std::unique_ptr<Names> names_;
};

// One rendering: heap, limits and what they count up.
class Run {
 public:
  explicit Run(Limits limits = {}, Environment environment = {}, void* host = nullptr);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Appends to `out`. When it fails, what was written so far stays there.
  Outcome execute(const Set& set, std::string_view name, Any data, std::string& out);
  Outcome execute(const Set& set, const Template& entry, Any data, std::string& out);

  Heap& heap() { return heap_; }
  const Limits& limits() const { return limits_; }
  const Environment& environment() const { return environment_; }
  template <class T>
  T& host() const {  // what the caller gave, for its own functions
    return *static_cast<T*>(host_);
  }
  // From now on what is executed is recorded there, until told otherwise (null). What was parsed must outlive the
  // trace.
  void trace(Trace* into) { trace_ = into; }

  // Counts memory that a function is about to take; false: over the limit, give up (Call::fail is then set by itself).
  bool charge(size_t bytes);

  // Where the execution stands: "indent at c/templates/a.yaml:3:5", without allocating and from a signal handler too;
  // nothing when it does not run. Gives how much it wrote.
  size_t where(std::span<char> into) const noexcept;

 private:
  friend class Executor;
  friend class Call;
  Heap heap_;
  Limits limits_;
  Environment environment_;
  void* host_;
  uint64_t steps_ = 0, next_check_ = 0;
  size_t memory_bytes_ = 0;
  const char* stack_base_ = nullptr;  // of the outermost execute()
  Trace* trace_ = nullptr;
  const Executor* innermost_ = nullptr;  // what runs now
  struct Stacks;
  std::unique_ptr<Stacks> stacks_;
};

// What a function sees of its call.
class Call {
 public:
  size_t size() const { return arguments_.size(); }
  const Any& operator[](size_t i) const { return arguments_[i]; }
  std::span<Any> arguments() { return arguments_; }
  std::string_view text(size_t i) const { return arguments_[i].text(); }  // of a string parameter
  int64_t integer(size_t i) const { return arguments_[i].as_int(); }
  const Any& self() const { return *self_; }  // a method's receiver

  Run& run() const { return *run_; }
  Heap& heap() const { return run_->heap(); }
  const Set& set() const { return *set_; }  // where the calling template was found
  const Environment& environment() const { return run_->environment(); }

  // The function fails: Go's error text without "error calling f: ". Gives no value, to be returned.
  Any fail(std::string message);
  Any fail(Failure failure);  // passes on what execute() gave
  // As Go's errors.Wrap: "what: " in front of the text; no template error any more.
  Any fail(std::string_view what, Failure failure);
  bool failed() const { return failure_ != nullptr; }
  // Counts `bytes` more of memory; false after having failed with the limit.
  bool charge(size_t bytes);
  // Counts the steps of a long computation, before it; false after having failed with the limit, or being told to stop.
  bool spend(uint64_t steps);

 private:
  friend class Executor;
  Run* run_ = nullptr;
  const Set* set_ = nullptr;
  const Any* self_ = nullptr;
  std::span<Any> arguments_;
  std::unique_ptr<Failure> failure_;
};

}  // namespace slipway::lang::gotemplate
