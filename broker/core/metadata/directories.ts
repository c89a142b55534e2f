/** Stands for the disk of a replica whose log there is damaged (D7): nothing is elected on it. */
export const DAMAGED_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** Stands for a disk that is not known: the broker was not registered when the partition was made. */
export const ZERO_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAA';
