import type { Message } from '../../../broker/core/raft/types.ts';

/** What a voter that agrees with everything answers; null for what has no answer. */
export function agreementWith(message: Message): Message | null {
  const head = { from: message.to, to: message.from, term: message.term };
  switch (message.kind) {
    case 'pre-vote':
      return { ...head, term: message.term - 1, kind: 'pre-vote-response', askedTerm: message.term, isGranted: true };
    case 'vote':
      return { ...head, kind: 'vote-response', isGranted: true };
    case 'append': {
      const index = message.previous.index + message.entries.length;
      const matched = { outcome: 'matched', index, conflictTerm: 0, isDamaged: false } as const;
      return { ...head, kind: 'append-response', round: message.round, ...matched };
    }
    default:
      return null;
  }
}
