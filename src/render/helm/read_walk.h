// The walk over all templates behind reads.h: statements, expressions, calls.
#pragma once

#include <span>
#include <string>
#include <unordered_map>

#include "lang/gotemplate/syntax.h"
#include "render/helm/things.h"

namespace slipway::render::helm {

// Notes in `root.values` and below what is read. False: nothing can be said.
// `work_max`: how much it may cost. `runs_texts`: whether users may have texts of theirs run.
bool walk_templates(const ChartUse& root, const std::vector<const Value*>& said, uint64_t work_max, bool& runs_texts);

// A template with what it is called with.
struct Walked {
  const lang::gotemplate::Template* of = nullptr;
  Things dot, root;
  std::map<std::pair<lang::gotemplate::NodeId, int>, Things> variables;  // by where they are declared
  Things output;  // what a text made by it carries: files, texts with braces
};

class ReadWalk {
 public:
  explicit ReadWalk(uint64_t work_max);
  bool run(const ChartUse& root, const std::vector<const Value*>& said);

  bool runs_texts = false;  // tpl runs what users say

 private:
  struct Frame;
  using Arguments = std::span<const Things>;

  // Set-up.
  bool add_templates(const ChartUse& use);
  Things scope_of(const ChartUse& use);
  void add_texts(const Value& v);
  const lang::gotemplate::Template* parse(std::string_view name, std::string_view text);
  void name_templates(const lang::gotemplate::Parsed& parsed);

  // Statements and expressions.
  Walked& walked(const lang::gotemplate::Template& t, const Things& dot, const Things& root);
  void walk(size_t number);
  void loop_head(Frame& f, lang::gotemplate::NodeId pipe);
  Things pipeline(Frame& f, lang::gotemplate::NodeId id, bool declares = true);
  void declare(Frame& f, lang::gotemplate::NodeId pipe, int which, const Things& value);
  Things command(Frame& f, lang::gotemplate::NodeId id, const Things* last);
  Things operand(Frame& f, lang::gotemplate::NodeId id);
  Things fields(const Frame& f, Things of, const lang::gotemplate::Expr& e, uint32_t from);
  void template_call(Frame& f, const lang::gotemplate::Expr& e);

  // Functions; read_calls.cc.
  Things call(Frame& f, lang::gotemplate::NodeId site, const std::string& name, Arguments arguments);
  Things make(Frame& f, lang::gotemplate::NodeId site);
  Things include(const Things& name, const Things& dot);
  Things tpl(const Things& text, const Things& dot);
  void run_text(const std::string& text, const Things& dot, Things& out);
  void run_all(const std::vector<const lang::gotemplate::Template*>& texts, const Things& dot, const Things& root,
               Things& out);
  Things joined(Arguments arguments);
  Things formatted(Arguments arguments);
  Things any_call(Arguments arguments);

  ThingTable things_;
  std::shared_ptr<const lang::gotemplate::Functions> functions_;
  std::vector<std::shared_ptr<const lang::gotemplate::Parsed>> parsed_;
  std::multimap<std::string, const lang::gotemplate::Template*, std::less<>> templates_;                // all of a name
  std::map<const Chart*, std::vector<std::pair<std::string, const lang::gotemplate::Template*>>> own_;  // by file
  std::map<const Chart*, uint32_t> chart_numbers_;
  std::vector<std::vector<const lang::gotemplate::Template*>> file_texts_;  // of a chart's files
  std::vector<const lang::gotemplate::Template*> value_texts_;              // what tpl may run
  bool strange_text_ = false;  // among them one that does not parse and names .Values
  std::map<std::string, const lang::gotemplate::Template*, std::less<>> run_texts_;  // null: does not parse
  std::set<std::string, std::less<>> seen_texts_;

  std::deque<Walked> walked_;
  std::map<std::tuple<const lang::gotemplate::Template*, Things, Things>, size_t> walked_by_;
  std::unordered_map<const lang::gotemplate::Template*, size_t> contexts_;
  size_t now_ = 0;  // what is walked
  const uint64_t work_max_;
  int depth_ = 0;
};

}  // namespace slipway::render::helm
