// Sockets that have not signed in, WebSocket or plain HTTP, counted per address and in all: a flood of strangers cannot take the places of known clients.

export interface PreAuth {
  /** Takes a place; undefined when there is none. The returned function gives it back, once. */
  enter(addressKey: string): (() => void) | undefined;
  /** Half of the places are taken: who has one does not keep it for nothing. */
  isCrowded(addressKey: string): boolean;
  count(): number;
}

export function createPreAuth(limits: () => { perAddress: number; total: number }): PreAuth {
  const byAddress = new Map<string, number>();
  let total = 0;
  return {
    enter(addressKey) {
      const { perAddress, total: most } = limits();
      const held = byAddress.get(addressKey) ?? 0;
      if (held >= perAddress || total >= most) return undefined;
      byAddress.set(addressKey, held + 1);
      total++;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        total--;
        const left = (byAddress.get(addressKey) ?? 1) - 1;
        if (left === 0) byAddress.delete(addressKey);
        else byAddress.set(addressKey, left);
      };
    },
    isCrowded(addressKey) {
      const { perAddress, total: most } = limits();
      return (byAddress.get(addressKey) ?? 0) * 2 > perAddress || total * 2 > most;
    },
    count: () => total,
  };
}
