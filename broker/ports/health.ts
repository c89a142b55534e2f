/** A reason of `ready` that begins with this is only told: the node serves its clients. */
export const HEALTH_NOTE = 'note: ';
