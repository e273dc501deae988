#include "apiserver/list_text.h"

#include "apiserver/answer.h"
#include "base/text.h"
#include "kinds/conversion.h"
#include "kinds/protobuf.h"
#include "runtime/heap.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::apiserver {

namespace {

constexpr size_t piece_bytes = 128 << 10;
constexpr size_t worth_returning_bytes = 4 << 20;

}  // namespace

ListText::ListText(const kinds::Kind& kind, cluster::List list, Accepted accepted, WallTime now,
                   std::string include_object, bool pretty)
    : kind_(kind),
      list_(std::move(list)),
      accepted_(std::move(accepted)),
      now_(now),
      include_(std::move(include_object)) {
  if (pretty && accepted_.encoding == Encoding::json) indenter_.emplace();
}

std::string ListText::next(size_t bytes) {
  return indenter_ ? indenter_->next(piece(bytes)) : piece(bytes);
}

std::string ListText::piece(size_t bytes) {
  bool in_pieces =
      accepted_.form == Form::table || (accepted_.encoding == Encoding::json && accepted_.form == Form::object);
  if (!in_pieces) {
    done_ = true;
    return whole();
  }
  constexpr size_t spare = 16 << 10;  // what one more item takes, mostly
  std::string text;
  text.reserve(std::min(bytes, list_.items.size() * (4 << 10)) + spare);
  if (at_ == 0) begin(text);
  while (at_ < list_.items.size() && text.size() < bytes) {
    if (at_ > 0) text += ',';
    const Value& object = list_.items[at_++];
    accepted_.form == Form::table ? add_row(text, object) : add_item(text, object);
  }
  if (at_ == list_.items.size()) {
    text += accepted_.encoding == Encoding::json ? "]}\n" : "]}";
    done_ = true;
  }
  return text;
}

Value ListText::meta() const {
  ObjectBuilder metadata;
  metadata.set("resourceVersion", std::to_string(list_.revision)).set_unless_empty("continue", list_.continue_token);
  if (list_.remaining) metadata.set("remainingItemCount", static_cast<int64_t>(*list_.remaining));
  return metadata.build();
}

void ListText::begin(std::string& text) const {
  if (accepted_.form == Form::table) {
    text += fmt::format(R"({{"apiVersion":"meta.k8s.io/{}","columnDefinitions":)", accepted_.table_version);
    value::append_json(text, kinds::table_columns(kind_));
    text += R"(,"kind":"Table","metadata":)";
    value::append_json(text, meta());
    text += R"(,"rows":[)";
    return;
  }
  text += fmt::format(R"({{"kind":"{}List","apiVersion":"{}","metadata":)", kind_.id.kind, kind_.id.api_version());
  value::append_json(text, meta());
  text += R"(,"items":[)";
}

void ListText::add_row(std::string& text, const Value& object) const {
  text += R"({"cells":)";
  value::append_json(text, kinds::table_cells(kind_, object, now_));
  if (Value conditions = kinds::table_row_conditions(kind_, object); !conditions.empty()) {
    text += R"(,"conditions":)";
    value::append_json(text, conditions);
  }
  text += R"(,"object":)";
  if (include_ == "None") {
    text += "null";
  } else if (include_ == "Object") {
    value::append_json(text, object);
  } else {
    text += R"({"apiVersion":"meta.k8s.io/)";
    text += accepted_.table_version;
    text += R"(","kind":"PartialObjectMetadata","metadata":)";
    value::append_json(text, kinds::kept_form(kind_, object)["metadata"]);
    text += '}';
  }
  text += '}';
}

// Items of built-in kinds carry no apiVersion and kind.
void ListText::add_item(std::string& text, const Value& object) const {
  if (!kind_.builtin) return value::append_json(text, object);
  text += '{';
  bool first_member = true;
  for (const auto& [key, member] : object.members()) {
    if (key.view() == "apiVersion" || key.view() == "kind") continue;
    if (!first_member) text += ',';
    first_member = false;
    value::append_json(text, Value(key));
    text += ':';
    value::append_json(text, member);
  }
  text += '}';
}

std::string ListText::whole() const {
  Value metadata = meta();
  if (accepted_.encoding == Encoding::protobuf) {
    std::string message, item_text, out, api_version = kind_.id.api_version(), kind = kind_.id.kind;
    const kinds::Type* type = kind_.type;
    if (accepted_.form == Form::partial_list) {
      kind = "PartialObjectMetadata";
      api_version = "meta.k8s.io/" + accepted_.table_version;
      type = kinds::builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata");
    }
    static const kinds::Type& list_meta = *kinds::builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");
    kinds::append_protobuf(item_text, list_meta, metadata);
    kinds::append_field(message, 1, item_text);
    for (const Value& item : list_.items) {
      item_text.clear();
      bool partial = accepted_.form == Form::partial_list;
      kinds::append_protobuf(item_text, *type, partial ? kinds::kept_form(kind_, item) : item);
      kinds::append_field(message, 2, item_text);
    }
    kinds::append_envelope(out, api_version, kind + "List", message);
    return out;
  }
  ArrayBuilder items;
  if (accepted_.form == Form::partial_list) {
    for (const Value& item : list_.items) items.push(metadata_alone(kind_, item, accepted_.table_version));
    Value whole{{"kind", "PartialObjectMetadataList"},
                {"apiVersion", fmt::format("meta.k8s.io/{}", accepted_.table_version)},
                {"metadata", metadata},
                {"items", items.size() > 0 ? items.build() : Value()}};
    return accepted_.encoding == Encoding::yaml ? value::to_yaml(whole) : value::to_json(whole) + "\n";
  }
  for (const Value& item : list_.items)
    items.push(kind_.builtin ? item.without_member("apiVersion").without_member("kind") : item);
  return value::to_yaml(Value{{"kind", kind_.id.kind + "List"},
                              {"apiVersion", kind_.id.api_version()},
                              {"metadata", metadata},
                              {"items", items.build()}});
}

Task<Result<>> answer_list(runtime::Exchange& exchange, Turns& turns, ListText text, runtime::Headers headers) {
  std::string piece = text.next(piece_bytes);
  if (text.done()) {
    // YAML and protobuf are made in one piece: tens of megabytes that malloc would keep for the next such list.
    bool large = piece.size() > worth_returning_bytes;
    auto answered = co_await exchange.respond(200, std::move(headers), std::move(piece));
    if (large) runtime::return_memory();
    co_return answered;
  }
  OR_CO_RETURN(co_await exchange.start(200, std::move(headers)));
  while (true) {
    OR_CO_RETURN(co_await exchange.write(std::move(piece)));
    if (text.done()) co_return co_await exchange.finish();
    OR_CO_RETURN(co_await turns.next(exchange));
    piece = text.next(piece_bytes);
  }
}

}  // namespace slipway::apiserver
