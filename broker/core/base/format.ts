/** What to do about a file of a format that this release does not know: the end of each sentence that says so. */
export const TRY_NEWER_RELEASE = 'start the release of Weir that wrote it, or a newer one; nothing was changed';
