/**
 * YAML for kubectl, whose parser follows version 1.1: there `yes`, `on`, `0x1f` and `1e3` are no strings unless they are
 * quoted.
 */
import { Document, Scalar, visit, type Tags } from 'yaml'
import type { KubeObject } from './objects.ts'

/** Line breaks of YAML 1.1, and characters that it does not allow. */
const TO_ESCAPE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g

/** What begins otherwise may be a number, a time or an operator to one parser or another. */
const SURELY_TEXT = /^[A-Za-z$/]/

/** A block may not begin so, or not for every parser. */
const NO_BLOCK = /[\t\r]|^[ \n]/

/** One document for each object, ready for `kubectl apply -f -`. */
export function toYaml(objects: readonly KubeObject[]): string {
  return objects.map(documentOf).join('---\n')
}

function documentOf(object: KubeObject): string {
  const document = new Document(object, {
    version: '1.1',
    customTags: withoutMerge,
    aliasDuplicateObjects: false,
  })
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && mustQuote(node.value)) node.type = Scalar.QUOTE_DOUBLE
    },
  })
  const text = document.toString({ lineWidth: 0, doubleQuotedAsJSON: true })
  return text.replace(TO_ESCAPE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The library would write the string `<<` as the key that merges. */
function withoutMerge(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:merge')
}

/** Other strings are left to the library; it writes those of several lines as a block. */
function mustQuote(text: string): boolean {
  if (text.search(TO_ESCAPE) !== -1) return true
  return text.includes('\n') ? NO_BLOCK.test(text) : !SURELY_TEXT.test(text)
}
