// Programs that tests play: a handler for each name, run as a task of its own. What has no handler is not installed.
#pragma once

#include <memory>

#include "sim/fate.h"

namespace slipway::sim {

// What a played program sees of itself. It ends when its handler returns; a signal cancels it.
class PlayedProcess {
 public:
  virtual ~PlayedProcess() = default;
  virtual runtime::World& world() = 0;
  virtual const runtime::Command& command() const = 0;
  virtual int pid() const = 0;
  virtual runtime::Stream& in() = 0;  // reads what the caller writes
  virtual runtime::Stream& out() = 0;
  virtual runtime::Stream& err() = 0;
};

class SimProcesses : public runtime::Processes {
 public:
  static std::unique_ptr<SimProcesses> create(Fate& fate, runtime::World& world);
  // `name` is the last part of argv[0]. Given again, it replaces the former.
  using Handler = std::function<Task<runtime::ExitStatus>(PlayedProcess&)>;
  virtual void on_start(std::string name, Handler handler) = 0;
  // For programs that read all, then answer: takes `duration` of fake time.
  using Answer = std::function<runtime::Finished(const runtime::Command&, const std::string& input)>;
  virtual void on_command(std::string name, Answer answer, Duration duration = std::chrono::milliseconds(5)) = 0;
  virtual void forget_command(const std::string& name) = 0;

  double start_error = 0;  // chance that a start fails (EAGAIN)
  double die = 0;          // chance that a program is killed (SIGKILL) instead of answering

  virtual const std::vector<runtime::Command>& started() const = 0;  // all so far
  virtual size_t running() const = 0;
  virtual void crash(Loss loss) = 0;  // process: those with a session of their own live on
  virtual void stop_all() = 0;
};

}  // namespace slipway::sim
