/** Between these, a page of docs/systems is written by the command. */
export const BEGIN = '<!-- made by `npm run systems`: do not edit -->'
export const END = '<!-- end -->'
