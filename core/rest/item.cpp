#include "core/rest/item.hpp"

#include <string>
#include <utility>

#include "core/rest/api.hpp"
#include "core/rest/etag.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/projection.hpp"

namespace storm::rest {

Answer item_answer(const Call& call, EntityKind kind) {
  const Request& request = call.request;
  const Result<Projection> projection = Projection::parse(request.url, kind);
  if (!projection) return error_answer(request.format, projection.error());
  const Snapshot snapshot = call.api.engine.snapshot();
  const Result<Uuid> uuid = snapshot->require(kind, call.id);
  if (!uuid) return error_answer(request.format, uuid.error());
  const Id id{kind, *uuid};
  std::string text;
  std::string etag;
  if (kind == EntityKind::Resource) {
    etag = call.api.rendered.append_tagged(text, *snapshot->resources.get(*uuid));
  } else {
    append_entity(text, *snapshot, id);
    etag = etag_of(text);
  }
  const bool html = request.format == Format::Html;
  const bool whole = projection->whole() && !html;
  if (!whole) etag = etag_of(text, request.url.with("format", html ? "html" : "json"));
  if (!request.if_none_match.empty() && etag_listed(request.if_none_match, etag)) {
    return empty_answer(304).with("ETag", std::move(etag));
  }
  if (!projection->whole()) {
    text.clear();
    projection->append(text, *snapshot, id);
  }
  return json_answer(200, std::move(text))
      .with("Storm-Revision", std::to_string(snapshot->revision))
      .with("ETag", std::move(etag));
}

}  // namespace storm::rest
