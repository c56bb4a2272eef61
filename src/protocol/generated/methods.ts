// Params and results of every method. Written by `npm run gen`.

export interface MethodTypes {
  /** The health snapshot; made anew with `probe: true`, else at most a minute old. */
  "health": {
    params: {
      /** true makes a new snapshot. */
      probe?: unknown;
      [member: string]: unknown;
    };
    result: Record<string, unknown>;
  };
  /** A summary for people: sessions, agents, models, extensions, and switches that weaken security. */
  "status": {
    params: {
      includeChannelSummary?: boolean;
      [member: string]: unknown;
    };
    result: {
      sessions: {
        count: number;
        [member: string]: unknown;
      };
      [member: string]: unknown;
    };
  };
  /** Who is connected, newest first; a bare array. */
  "system-presence": {
    params: Record<string, unknown>;
    result: {
      host?: string;
      ip?: string;
      version?: string;
      platform?: string;
      deviceFamily?: string;
      modelIdentifier?: string;
      timeZone?: string;
      mode?: string;
      lastInputSeconds?: number;
      reason?: string;
      tags?: string[];
      text?: string;
      ts: number;
      onlineSince?: number;
      deviceId?: string;
      roles?: string[];
      scopes?: string[];
      instanceId?: string;
    }[];
  };
  /** A beacon of an app: updates its presence row. */
  "system-event": {
    params: {
      text?: string;
      deviceId?: string;
      instanceId?: string;
      host?: string;
      ip?: string;
      mode?: string;
      version?: string;
      platform?: string;
      deviceFamily?: string;
      modelIdentifier?: string;
      lastInputSeconds?: number;
      reason?: string;
      roles?: string[];
      scopes?: string[];
      tags?: string[];
      [member: string]: unknown;
    };
    result: {
      ok: true;
    };
  };
  /** The gateway's machine: system, Node, processors, memory. */
  "system.info": {
    params: Record<string, never>;
    result: {
      machineName: string;
      hostname: string;
      platform: string;
      pid: number;
      uptimeMs: number;
      [member: string]: unknown;
    };
  };
  /** Which gateway this is, for clients that know several. */
  "gateway.identity.get": {
    params: Record<string, unknown>;
    result: {
      gatewayId: string;
      version: string;
      [member: string]: unknown;
    };
  };
  /** Lines of the log from a cursor on; pass the cursor back to go on. */
  "logs.tail": {
    params: {
      cursor?: number;
      limit?: number;
      maxBytes?: number;
    };
    result: {
      file: string;
      cursor: number;
      size: number;
      lines: string[];
      truncated?: boolean;
      reset?: boolean;
    };
  };
  /** Only the first request of a socket; afterwards it is refused. */
  "connect": {
    params: Record<string, unknown>;
    result: never;
  };
  /** The configuration with secrets masked, its hash, and what is wrong with it. */
  "config.get": {
    params: Record<string, never>;
    result: {
      path: string;
      exists: boolean;
      valid: boolean;
      hash?: string;
      issues: unknown[];
      warnings: unknown[];
      legacyIssues: unknown[];
      [member: string]: unknown;
    };
  };
  /** Replaces the document; comments of the file survive, masked secrets keep their value. */
  "config.set": {
    params: {
      /** JSON5. */
      raw: string;
      /** `hash` of the config.get before. */
      baseHash?: string;
    };
    result: {
      ok: true;
      path: string;
      config: unknown;
      [member: string]: unknown;
    };
  };
  /** JSON merge patch: null deletes, lists replace. */
  "config.patch": {
    params: {
      /** JSON5. */
      raw: string;
      /** `hash` of the config.get before. */
      baseHash?: string;
      sessionKey?: string;
      deliveryContext?: unknown;
      note?: string;
      restartDelayMs?: number;
      replacePaths?: string[];
    };
    result: {
      ok: true;
      path: string;
      config: unknown;
      [member: string]: unknown;
    };
  };
  /** Replaces the document and says what needs a restart. */
  "config.apply": {
    params: {
      /** JSON5. */
      raw: string;
      /** `hash` of the config.get before. */
      baseHash?: string;
      sessionKey?: string;
      deliveryContext?: unknown;
      note?: string;
      restartDelayMs?: number;
    };
    result: {
      ok: true;
      path: string;
      config: unknown;
      [member: string]: unknown;
    };
  };
  /** JSON Schema and form hints of the configuration. */
  "config.schema": {
    params: Record<string, never>;
    result: {
      schema: unknown;
      uiHints: Record<string, unknown>;
      version: string;
      generatedAt: string;
    };
  };
  /** The schema of one path and its children. */
  "config.schema.lookup": {
    params: {
      path: string;
    };
    result: {
      path: string;
      schema: unknown;
      children: unknown[];
      [member: string]: unknown;
    };
  };
  /** Begins onboarding; only one at a time. */
  "wizard.start": {
    params: {
      mode?: "local" | "remote";
      workspace?: string;
      installDaemon?: boolean;
      flow?: string;
      channel?: string;
    };
    result: {
      sessionId: string;
      done: boolean;
      step?: {
        id: string;
        type: string;
        [member: string]: unknown;
      };
      status?: "running" | "done" | "cancelled" | "error";
      error?: string;
    };
  };
  /** Answers the present step and gets the next. */
  "wizard.next": {
    params: {
      sessionId: string;
      answer?: {
        stepId: string;
        value?: unknown;
      };
    };
    result: {
      done: boolean;
      step?: {
        id: string;
        type: string;
        [member: string]: unknown;
      };
      status?: "running" | "done" | "cancelled" | "error";
      error?: string;
    };
  };
  /** Ends onboarding; what was answered stays. */
  "wizard.cancel": {
    params: {
      sessionId: string;
    };
    result: {
      status: "running" | "done" | "cancelled" | "error";
      error?: string;
    };
  };
  /** Where onboarding stands. */
  "wizard.status": {
    params: {
      sessionId: string;
    };
    result: {
      status: "running" | "done" | "cancelled" | "error";
      error?: string;
    };
  };
  /** Models that can be used now; with view `all`, the whole catalogue. */
  "models.list": {
    params: {
      view?: "default" | "configured" | "provider-config" | "all";
      refresh?: boolean;
      agentId?: string;
      includeDetails?: boolean;
      includeProviderCapabilities?: boolean;
      preparedOnly?: boolean;
    };
    result: {
      models: {
        id: string;
        name: string;
        provider: string;
        available: boolean;
        contextWindow: number;
        reasoning: boolean;
        input: string[];
        alias?: string;
        tags?: string[];
        unavailableReason?: string;
        unavailableUntil?: number;
        thinkingLevels?: {
          id: string;
          label: string;
        }[];
        supportsTools?: boolean;
      }[];
    };
  };
  /** Providers, which of them have a credential, and how they last behaved. */
  "models.authStatus": {
    params: {
      refresh?: boolean;
      agentId?: string;
    };
    result: {
      providers: {
        id: string;
        label: string;
        configured: boolean;
        needsKey: boolean;
        keyHint?: string;
        baseUrl?: string;
      }[];
      circuits: {
        id: string;
        provider: string;
        circuit: string;
        lastFailure?: {
          at: number;
          kind: string;
          reason: string;
        };
        lastSuccessAt?: number;
      }[];
    };
  };
  /** Send one small request to see whether a provider's credential works. */
  "models.probe": {
    params: {
      provider: string;
      profileId?: string;
      timeoutMs?: number;
      agentId?: string;
    };
    result: {
      provider: string;
      status: "ok" | "auth" | "rate_limit" | "billing" | "timeout" | "format" | "unknown" | "no_model";
      latencyMs: number;
      error?: string;
      results: ({
        label: string;
        status: "ok" | "auth" | "rate_limit" | "billing" | "timeout" | "format" | "unknown" | "no_model";
        latencyMs: number;
        error?: string;
      })[];
    };
  };
  /** Tokens and cost per day. */
  "usage.cost": {
    params: {
      days?: number | string;
      [member: string]: unknown;
    };
    result: {
      updatedAt: number;
      days: number;
      daily: {
        date: string;
        input: number;
        output: number;
        cacheRead: number;
        cacheWrite: number;
        totalTokens: number;
        totalCost: number;
        missingCostEntries: number;
      }[];
      totals: {
        input: number;
        output: number;
        cacheRead: number;
        cacheWrite: number;
        totalTokens: number;
        totalCost: number;
        missingCostEntries: number;
      };
    };
  };
  /** Providers in use, with what is known of their quota windows. */
  "usage.status": {
    params: Record<string, unknown>;
    result: {
      updatedAt: number;
      providers: {
        provider: string;
        displayName: string;
        windows: unknown[];
        error?: string;
      }[];
    };
  };
  /** All agents, the default one first. */
  "agents.list": {
    params: Record<string, never>;
    result: {
      defaultId: string;
      mainKey: string;
      scope: "per-sender" | "global";
      agents: {
        id: string;
        [member: string]: unknown;
      }[];
    };
  };
  /** Add an agent with its own workspace. */
  "agents.create": {
    params: {
      name: string;
      workspace?: string;
      model?: string;
      emoji?: string;
      avatar?: string;
    };
    result: {
      ok: true;
      agentId: string;
      name: string;
      workspace: string;
      model?: string;
    };
  };
  /** Change an agent's name, workspace, model or look. */
  "agents.update": {
    params: {
      agentId: string;
      name?: string;
      workspace?: string;
      model?: string | null;
      emoji?: string;
      avatar?: string;
    };
    result: {
      ok: true;
      agentId: string;
    };
  };
  /** Remove an agent from the configuration; its files stay unless asked. */
  "agents.delete": {
    params: {
      agentId: string;
      deleteFiles?: boolean;
    };
    result: {
      ok: true;
      agentId: string;
      removedBindings: number;
    };
  };
  /** Workspace files that go into an agent's prompt. */
  "agents.files.list": {
    params: {
      agentId: string;
    };
    result: {
      agentId: string;
      workspace: string;
      files: {
        name: string;
        path: string;
        missing: boolean;
        size?: number;
        updatedAtMs?: number;
        content?: string;
      }[];
    };
  };
  /** One workspace file with its text. */
  "agents.files.get": {
    params: {
      agentId: string;
      name: string;
    };
    result: {
      agentId: string;
      workspace: string;
      file: {
        name: string;
        path: string;
        missing: boolean;
        size?: number;
        updatedAtMs?: number;
        content?: string;
      };
    };
  };
  /** Write one workspace file. */
  "agents.files.set": {
    params: {
      agentId: string;
      name: string;
      content: string;
    };
    result: {
      ok: true;
      agentId: string;
      workspace: string;
      file: {
        name: string;
        path: string;
        missing: boolean;
        size?: number;
        updatedAtMs?: number;
        content?: string;
      };
    };
  };
  /** Conversations, newest first. */
  "sessions.list": {
    params: {
      limit?: number;
      offset?: number;
      activeMinutes?: number;
      includeGlobal?: boolean;
      includeUnknown?: boolean;
      includeDerivedTitles?: boolean;
      includeLastMessage?: boolean;
      label?: string;
      spawnedBy?: string;
      agentId?: string;
      search?: string;
      sortBy?: string;
      requireLastInteraction?: boolean;
      configuredAgentsOnly?: boolean;
      archived?: boolean | "all";
      ownerId?: string;
      creatorId?: string;
      ownerFirst?: boolean;
      involvingMe?: boolean;
      involvingProfileId?: string;
      includePeople?: boolean;
      boardFace?: string;
    };
    result: {
      ts: number;
      path: string;
      count: number;
      defaults: unknown;
      sessions: unknown[];
      [member: string]: unknown;
    };
  };
  /** The last lines of some conversations. */
  "sessions.preview": {
    params: {
      keys: string[];
      limit?: number;
      maxChars?: number;
    };
    result: {
      ts: number;
      previews: {
        key: string;
        status: string;
        items: {
          role: string;
          text: string;
        }[];
      }[];
    };
  };
  /** Find a conversation by key, id or label. */
  "sessions.resolve": {
    params: {
      key?: string;
      sessionId?: string;
      label?: string;
      agentId?: string;
      spawnedBy?: string;
      includeGlobal?: boolean;
      includeUnknown?: boolean;
      allowMissing?: boolean;
      shortId?: string;
      slugHint?: string;
    };
    result: {
      ok: boolean;
      key?: string;
      agentId?: string;
    };
  };
  /** Change settings of a conversation; null clears one. */
  "sessions.patch": {
    params: {
      key: string;
      agentId?: string;
      label?: string | null;
      thinkingLevel?: string | null;
      verboseLevel?: string | null;
      reasoningLevel?: string | null;
      responseUsage?: string | null;
      elevatedLevel?: string | null;
      execHost?: string | null;
      execSecurity?: string | null;
      execAsk?: string | null;
      execNode?: string | null;
      model?: string | null;
      spawnedBy?: string | null;
      sendPolicy?: string | null;
      groupActivation?: string | null;
      expectedSessionId?: string;
      archived?: boolean;
      pinned?: boolean;
      unread?: boolean;
    };
    result: {
      ok: true;
      path: string;
      key: string;
      entry: unknown;
    };
  };
  /** Begin a conversation, with a first message if one is given. */
  "sessions.create": {
    params: {
      key?: string;
      idempotencyKey?: string;
      agentId?: string;
      label?: string;
      displayName?: string;
      model?: string;
      thinkingLevel?: string;
      parentSessionKey?: string;
      message?: string;
      attachments?: {
        type?: string;
        mimeType?: string;
        fileName?: string;
        /** base64, with or without a data: prefix */
        content?: unknown;
        [member: string]: unknown;
      }[];
    };
    result: {
      ok: true;
      key: string;
      sessionId?: string;
      entry: unknown;
      runStarted?: boolean;
      runId?: string;
      [member: string]: unknown;
    };
  };
  /** Say something in a conversation by its key. */
  "sessions.send": {
    params: {
      key: string;
      agentId?: string;
      message: string;
      thinking?: string;
      attachments?: {
        type?: string;
        mimeType?: string;
        fileName?: string;
        /** base64, with or without a data: prefix */
        content?: unknown;
        [member: string]: unknown;
      }[];
      timeoutMs?: number;
      idempotencyKey?: string;
    };
    result: {
      runId: string;
      status: string;
    };
  };
  /** Stop the runs of a conversation, or one run by id. */
  "sessions.abort": {
    params: {
      key?: string;
      runId?: string;
      agentId?: string;
      clearQueued?: boolean;
    };
    result: {
      ok: true;
      aborted: boolean;
      runIds: string[];
    };
  };
  /** Start a conversation anew; its settings stay, the old transcript too. */
  "sessions.reset": {
    params: {
      key: string;
      agentId?: string;
      reason?: "new" | "reset";
    };
    result: {
      ok: true;
      key: string;
      entry: unknown;
    };
  };
  /** Delete a conversation; its transcript is set aside, not erased. */
  "sessions.delete": {
    params: {
      key: string;
      agentId?: string;
      deleteTranscript?: boolean;
      expectedSessionId?: string;
      expectedLifecycleRevision?: string;
      expectedSessionUpdatedAt?: number;
      emitLifecycleHooks?: boolean;
      archivedOnly?: boolean;
    };
    result: {
      ok: true;
      key: string;
      deleted: boolean;
      archived: string[];
    };
  };
  /** Copy a conversation up to an entry into a new one. */
  "sessions.fork": {
    params: {
      sessionKey: string;
      agentId?: string;
      entryId?: string;
      label?: string;
    };
    result: {
      sessionKey: string;
      [member: string]: unknown;
    };
  };
  /** Shorten a conversation's context by a summary; the transcript stays whole. */
  "sessions.compact": {
    params: {
      key: string;
      agentId?: string;
      /** Accepted for older clients; the summary decides what is kept. */
      maxLines?: number;
    };
    result: {
      ok: boolean;
      key: string;
      compacted: boolean;
      kept?: number;
      reason?: string;
    };
  };
  /** Tells this connection when the list of sessions changes (sessions.changed). */
  "sessions.subscribe": {
    params: Record<string, unknown>;
    result: {
      subscribed: boolean;
      [member: string]: unknown;
    };
  };
  /** Ends sessions.subscribe. */
  "sessions.unsubscribe": {
    params: Record<string, unknown>;
    result: {
      subscribed: boolean;
      [member: string]: unknown;
    };
  };
  /** Tells this connection each line that is added to a session (session.message). */
  "sessions.messages.subscribe": {
    params: {
      key: string;
      agentId?: string;
      includeApprovals?: boolean;
    };
    result: {
      subscribed: boolean;
      [member: string]: unknown;
    };
  };
  /** Ends sessions.messages.subscribe for a session. */
  "sessions.messages.unsubscribe": {
    params: {
      key: string;
      agentId?: string;
      includeApprovals?: boolean;
    };
    result: {
      subscribed: boolean;
      [member: string]: unknown;
    };
  };
  /** The events that a former connection of this client missed, in order; or that it must read its state anew. */
  "events.resume": {
    params: {
      /** `server.connId` of the former hello-ok. */
      connId: string;
      /** Number of the last event it got; 0 for none. */
      seq: number;
    };
    result: {
      /** true: too much was missed, read the state anew. */
      resync: boolean;
      reason?: string;
      /** All that happened before this connection began to receive. */
      events: {
        event: string;
        payload: unknown;
        seq: number;
        stateVersion?: unknown;
      }[];
    };
  };
  /** Requests that wait, with the six words to compare, and paired devices. */
  "device.pair.list": {
    params: Record<string, never>;
    result: {
      pending: unknown[];
      paired: unknown[];
    };
  };
  /** Lets a waiting device in with what it asked for; only what the approver holds. */
  "device.pair.approve": {
    params: {
      requestId: string;
    };
    result: {
      requestId: string;
      device: unknown;
    };
  };
  /** Turns a waiting device away. */
  "device.pair.reject": {
    params: {
      requestId: string;
    };
    result: {
      requestId: string;
      deviceId: string;
    };
  };
  /** Forgets a device; its live sockets are closed. */
  "device.pair.remove": {
    params: {
      deviceId: string;
    };
    result: {
      deviceId: string;
      removed: boolean;
      [member: string]: unknown;
    };
  };
  /** Gives a device a name. */
  "device.pair.rename": {
    params: {
      deviceId: string;
      label: string;
    };
    result: {
      deviceId: string;
      label: string;
      displayName: string;
      [member: string]: unknown;
    };
  };
  /** A new token for a device and role; the old one and its sockets end. Told only to the device itself. */
  "device.token.rotate": {
    params: {
      deviceId: string;
      role: string;
      scopes?: string[];
    };
    result: {
      deviceId: string;
      role: string;
      scopes: string[];
      rotatedAtMs: number;
      token?: string;
      tokenDelivery?: string;
    };
  };
  /** Ends a device's token and the approval behind it; its live sockets are closed. */
  "device.token.revoke": {
    params: {
      deviceId: string;
      role: string;
    };
    result: {
      deviceId: string;
      role: string;
      revokedAtMs: number;
    };
  };
  /** A one-time link that signs a browser in with all operator scopes: single use, ten minutes. */
  "device.link.create": {
    params: Record<string, never>;
    result: {
      code: string;
      path: string;
      url: string;
      expiresAtMs: number;
    };
  };
  /** Nodes, connected ones first. */
  "node.list": {
    params: Record<string, never>;
    result: {
      ts: number;
      nodes: unknown[];
    };
  };
  /** One node. */
  "node.describe": {
    params: {
      nodeId: string;
    };
    result: {
      ts: number;
      nodeId: string;
      [member: string]: unknown;
    };
  };
  /** Gives a node a name. */
  "node.rename": {
    params: {
      nodeId: string;
      displayName: string;
    };
    result: {
      nodeId: string;
      displayName: string;
    };
  };
  /** Runs a command on a node and waits for its answer. */
  "node.invoke": {
    params: {
      nodeId: string;
      command: string;
      params?: unknown;
      timeoutMs?: number;
      idempotencyKey: string;
      sessionKey?: string;
      turnSourceChannel?: string;
      turnSourceTo?: string;
      turnSourceAccountId?: string;
      turnSourceThreadId?: string | number;
    };
    result: {
      ok: true;
      nodeId: string;
      command: string;
      payload: unknown;
      payloadJSON: string | null;
    };
  };
  /** A node's answer to node.invoke.request. */
  "node.invoke.result": {
    params: {
      id: string;
      nodeId: string;
      ok: boolean;
      payload?: unknown;
      payloadJSON?: unknown;
      error?: {
        code?: string;
        message?: string;
        [member: string]: unknown;
      } | null;
    };
    result: {
      ok: true;
      ignored?: true;
    };
  };
  /** Something a node reports or asks for: chat.subscribe, agent.request, voice.transcript. */
  "node.event": {
    params: {
      event: string;
      payload?: unknown;
      payloadJSON?: string | null;
    };
    result: {
      ok: true;
      event: string;
      handled: boolean;
      reason?: string;
    };
  };
  /** Nodes that wait for approval, and paired ones. */
  "node.pair.list": {
    params: Record<string, never>;
    result: {
      pending: unknown[];
      paired: unknown[];
    };
  };
  /** Lets a waiting node in. */
  "node.pair.approve": {
    params: {
      requestId: string;
    };
    result: {
      requestId: string;
      node: unknown;
    };
  };
  /** Turns a waiting node away. */
  "node.pair.reject": {
    params: {
      requestId: string;
    };
    result: {
      requestId: string;
      nodeId: string;
    };
  };
  /** Forgets a node; its live sockets are closed. */
  "node.pair.remove": {
    params: {
      nodeId: string;
    };
    result: {
      nodeId: string;
      removed: boolean;
    };
  };
  /** Run one turn; answers twice under one id: accepted, then the result. */
  "agent": {
    params: {
      message: string;
      /** Becomes the run id. */
      idempotencyKey: string;
      agentId?: string;
      sessionKey?: string;
      sessionId?: string;
      model?: string;
      provider?: string;
      thinking?: string;
      /** Seconds. */
      timeout?: number;
      attachments?: {
        type?: string;
        mimeType?: string;
        fileName?: string;
        /** base64, with or without a data: prefix */
        content?: unknown;
        [member: string]: unknown;
      }[];
      extraSystemPrompt?: string;
      label?: string;
      /** Also send the reply to a channel; needs a channel. */
      deliver?: boolean;
      channel?: string;
      replyChannel?: string;
      to?: string;
      replyTo?: string;
      accountId?: string;
      replyAccountId?: string;
      threadId?: string;
      groupId?: string;
      groupChannel?: string;
      groupSpace?: string;
      lane?: string;
      spawnedBy?: string;
      bestEffortDeliver?: boolean;
      cwd?: string;
      promptMode?: string;
      inputProvenance?: unknown;
      internalEvents?: unknown;
      voiceWakeTrigger?: string;
      cleanupBundleMcpOnRunEnd?: boolean;
    };
    result: {
      runId: string;
      status: "ok";
      summary: string;
      result: unknown;
    };
    /** The first of two answers. */
    early: {
      runId: string;
      status: "accepted";
      acceptedAt: number;
      sessionKey?: string;
      agentId?: string;
    };
  };
  /** Wait for the end of a run, also of one that has not begun. */
  "agent.wait": {
    params: {
      runId: string;
      timeoutMs?: number;
    };
    result: {
      runId: string;
      status: "ok" | "error" | "timeout";
      startedAt?: number;
      endedAt?: number;
      error?: string;
      stopReason?: string;
    };
  };
  /** Name and avatar of an agent. */
  "agent.identity.get": {
    params: {
      agentId?: string;
      sessionKey?: string;
    };
    result: {
      agentId: string;
      name?: string;
      avatar?: string;
      emoji?: string;
    };
  };
  /** Say something in a session; the answer arrives as chat and agent events under the idempotency key. */
  "chat.send": {
    params: {
      /** Short (`main`) or canonical. */
      sessionKey: string;
      message: string;
      /** Becomes the run id. */
      idempotencyKey: string;
      agentId?: string;
      sessionId?: string;
      thinking?: string;
      /** Accepted, without effect. */
      deliver?: boolean;
      queueMode?: "steer" | "followup" | "collect" | "interrupt";
      attachments?: {
        type?: string;
        mimeType?: string;
        fileName?: string;
        /** base64, with or without a data: prefix */
        content?: unknown;
        [member: string]: unknown;
      }[];
      timeoutMs?: number;
      suppressCommandInterpretation?: boolean;
      expectedLeafEntryId?: string | null;
      fastMode?: boolean | "auto";
      fastAutoOnSeconds?: number;
      originatingChannel?: string;
      originatingTo?: string;
      originatingAccountId?: string;
      originatingThreadId?: string;
      replyToId?: string;
      intent?: unknown;
      toolBindings?: unknown;
      systemInputProvenance?: unknown;
      systemProvenanceReceipt?: string;
      expectedSessionRoutingContract?: string;
      expectedPermissionMode?: unknown;
      expectedToolOverrides?: unknown;
    };
    result: {
      runId?: string;
      status?: "started" | "in_flight" | "ok" | "error";
      summary?: string;
      ok?: true;
      aborted?: boolean;
      runIds?: string[];
    };
  };
  /** Messages of a session, oldest first. */
  "chat.history": {
    params: {
      /** Short (`main`) or canonical. */
      sessionKey: string;
      limit?: number;
      /** Newest messages to leave out, for paging upwards. */
      offset?: number;
      /** Longest text of one block. */
      maxChars?: number;
      agentId?: string;
      sessionId?: string;
      cursor?: string;
      pendingBefore?: number;
      inputRunIds?: string[];
      messageId?: string;
    };
    result: {
      sessionKey: string;
      sessionId?: string;
      messages: unknown[];
      thinkingLevel: string;
      [member: string]: unknown;
    };
  };
  /** Stop the runs of a session, or one of them; what was said so far is kept. */
  "chat.abort": {
    params: {
      /** Short (`main`) or canonical. */
      sessionKey: string;
      runId?: string;
      agentId?: string;
      preserveSideRuns?: boolean;
    };
    result: {
      ok: true;
      aborted: boolean;
      runIds: string[];
    };
  };
  /** Append an assistant message to a session without a model. */
  "chat.inject": {
    params: {
      /** Short (`main`) or canonical. */
      sessionKey: string;
      message: string;
      label?: string;
      agentId?: string;
    };
    result: {
      ok: true;
      messageId: string;
    };
  };
}

export type MethodName = keyof MethodTypes;
