#include "render/fetching.h"

namespace slipway::render {

Task<Result<Rendered>> render_fetching(World& world, sources::Repositories& repositories, RenderRequest request,
                                       kustomize::FetchRules rules, Where where, bool* has_fetched) {
  kustomize::RemoteBases bases;
  request.remotes = &bases;
  for (;;) {
    Result<Rendered> rendered =
        where == Where::on_pool ? co_await world.on_pool([&request] { return render(request); }) : render(request);
    if (has_fetched) *has_fetched = !bases.fetched.empty();
    if (rendered) co_return rendered;
    bool more = co_await kustomize::fetch_wanted(world, repositories, rules, &bases);
    if (!more) co_return rendered;
  }
}

}  // namespace slipway::render
