// One model provider on pi-ai: its list of models and its single-attempt stream.
import type { Clock } from "../../src/sdk/extension.ts";
import type { ModelEvent, ModelProvider, ModelRequest } from "../../src/sdk/provider.ts";
import { createDialects, takesFetch } from "./dialects.ts";
import { classify, type Seen } from "./failures.ts";
import { listModels } from "./listing.ts";
import type { Network } from "./network.ts";
import { emptyMessage, hide, toContext, toEvents, toOptions } from "./pi.ts";
import { callable, callables, fresh, toInfo } from "./setup.ts";
import { watchedFetch } from "./transport.ts";
import type { Vendor } from "./vendors.ts";


const DEFAULT_MAX_ANSWER_BYTES = 33_554_432;
/** An event stream says each word in some hundred bytes. */
const WIRE_OVERHEAD = 4;
/** The last event of some dialects repeats the whole answer in one line. */
const MAX_LINE_BYTES = 16_777_216;

export interface ProviderDeps {
  clock: Clock;
  network: Network;
  /** Shared by the providers of one extension. */
  dialects?: ReturnType<typeof createDialects>;
}

export function createPiProvider({ clock, network, dialects = createDialects() }: ProviderDeps, vendor: Vendor): ModelProvider {
  const deps = { clock, network, dialects };
  return {
    id: vendor.id,
    label: vendor.label,
    access: vendor.access,
    async models(setup, signal) {
      const known = await callables(vendor, setup.provider, setup.settings);
      if (known.length > 0) return known.map(toInfo);
      const baseUrl = fresh(vendor, setup.provider, setup.settings, { id: "" }).model.baseUrl;
      if (baseUrl === "") return [];
      const listed = await listModels(deps.clock, deps.network, setup, baseUrl, signal);
      return listed.map((one) => toInfo(fresh(vendor, setup.provider, setup.settings, one)));
    },
    stream: (request, signal) => stream(deps, vendor, request, signal),
  };
}

async function* stream(deps: Required<ProviderDeps>, vendor: Vendor, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const seen: Seen = {};
  const secret = request.credential?.reveal();
  let api = vendor.api;
  try {
    const { model, isPriced } = await callable(vendor, request.model, request.settings);
    api = model.api;
    const dialect = await deps.dialects(api);
    const nothing = emptyMessage(request, api, deps.clock.now());
    if (!dialect) return yield { type: "failed", kind: "bad-request", reason: `no dialect is called ${api}`, message: nothing };
    if (signal.aborted) return yield { type: "failed", kind: "aborted", reason: "stopped", message: { ...nothing, stopReason: "aborted" } };
    const maxBytes = (request.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES) * WIRE_OVERHEAD;
    const fetch = takesFetch(api) ? watchedFetch(deps.clock, deps.network, { maxBytes, maxLineBytes: Math.min(maxBytes, MAX_LINE_BYTES) }, seen) : undefined;
    const source = dialect.streamSimple(model, toContext(request), toOptions(request, model, signal, fetch));
    yield* toEvents(source, signal, { isPriced, seen, secret }, nothing);
  } catch (error) {
    // Setting up may throw (a missing region, a bad address): a failed call like any other.
    const failure = hide(classify(error instanceof Error ? error.message : String(error), seen), secret);
    yield { type: "failed", ...(signal.aborted ? { ...failure, kind: "aborted" as const } : failure), message: emptyMessage(request, api, deps.clock.now()) };
  }
}
