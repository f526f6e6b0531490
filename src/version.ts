/** Kept equal to package.json's by a check, so that no file has to be read for it. */
export const VERSION = '0.1.0'
