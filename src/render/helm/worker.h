// Rendering apart: templates of a chart that nobody vouched for run in a process without files, network and endless
// time (runtime/isolated.h). What comes back is text, read with suspicion. A command that prints and ends is that
// process itself: a fork takes as long as rendering a small chart.
#pragma once

#include "render/helm/release.h"

namespace slipway::render::helm {

// Whether render_apart() really goes apart. Off until the program turns it on at its start (tests and simulations
// render in their own process). Not for concurrent use with renderings.
void render_in_workers(bool on);

// From now on workers are ended and rendering is canceled: the program stops, and shall not wait for a chart.
void stop_workers();

// As render_release(); a crash, too much memory or time is an error of this rendering alone: too_large (time
// too), internal.
ReleaseResult render_apart(ReleaseRequest request, std::vector<std::string>& warnings);

}  // namespace slipway::render::helm
