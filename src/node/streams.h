// The node's side of the streams that the API server hands out: node/ implements apiserver::PodStreams.
#pragma once

#include "apiserver/pod_streams.h"

namespace slipway::node {
using apiserver::AttachRequest;
using apiserver::ExecRequest;
using apiserver::LogRequest;
using apiserver::LogSink;
using apiserver::PortForwardRequest;
using NodeStreams = apiserver::PodStreams;
}  // namespace slipway::node
