/** Elements of one array; checked before the array is made. */
export const ARRAY_ELEMENT_COUNT_MAX = 1_000_000;
/** Elements of all arrays of one message together, nested ones included: of answers and of what nodes store. */
export const MESSAGE_ELEMENT_COUNT_MAX = 4_000_000;
/**
 * The same of a request, from whoever sent it. An element of two bytes becomes an object in memory, one in the answer, and a
 * look-up between: a million of them would keep a broker busy for ten seconds. 100,000 partitions, each named with its topic, fit.
 */
export const REQUEST_ELEMENT_COUNT_MAX = 200_000;
/** The same of a request, or a piece of one, that is served in one turn: no client's comes near. */
export const WHOLE_ELEMENT_COUNT_MAX = 20_000;
/** Elements of an answer that is made of parts: 20,000 topics with their settings fit. Some hundred bytes of memory each. */
export const ANSWER_ELEMENT_COUNT_MAX = 1_000_000;
/** Elements that are read, served or written in one turn where that can be chosen; some microseconds each. */
export const STEP_ELEMENT_COUNT = 1_000;
/** Tagged fields in one section, known or not. */
export const TAGGED_FIELD_COUNT_MAX = 10_000;
/** Bytes of one text in UTF-8: what the old two-byte length can say, and Kafka's limit for the compact form too. */
export const TEXT_SIZE_MAX = 32_767;
/** Byte fields from this size on are referenced by the encoder, smaller ones are copied. */
export const REFERENCE_SIZE_MIN = 1_024;
