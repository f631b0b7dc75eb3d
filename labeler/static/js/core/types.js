/**
 * The shapes that travel between labeler and page; docs/protocol.md has the contract.
 *
 * @typedef {"label" | "skip" | "flag"} Kind
 * @typedef {"random" | "test" | "query" | "audit" | "review" | "unknown"} Lane
 *
 * @typedef {{label: string, confidence: number}} Guess
 * @typedef {{label: string, confidence: number, top: Guess[]}} Prediction
 * @typedef {{image_id: string, url: string, label: string}} Neighbour
 * @typedef {{kind: "uncertain" | "diverse" | "random" | "test", text: string}} Why
 *
 * @typedef {{image_id: string, url: string, filename: string}} Hint an image that may come soon, not leased
 *
 * @typedef {object} Task an image this page has leased, or brought back by an undo
 * @property {string} image_id
 * @property {string} url
 * @property {string} filename
 * @property {Lane} lane
 * @property {number} [width]
 * @property {number} [height]
 * @property {Prediction | null} prediction
 * @property {Why | null} why
 * @property {Neighbour[]} neighbours
 * @property {Hint[]} [look_alikes] open images that are nearly the same
 * @property {number} [look_alike_count] how many there are, those that are not listed included
 * @property {boolean} [returned] brought back here, so the labeler may not list it yet
 *
 * @typedef {"" | "indexing" | "no_images" | "all_done" | "others" | "paused" | "stopping" | "stopped"} Reason
 *
 * @typedef {object} LeaseAnswer
 * @property {Task[]} tasks
 * @property {Hint[]} upcoming
 * @property {Reason} [reason]
 * @property {{version: number}} [queue]
 *
 * @typedef {object} Entry one of this person's own annotations that stands
 * @property {string} annotation_id
 * @property {string} image_id
 * @property {string} url
 * @property {string} filename
 * @property {Lane} lane
 * @property {Kind} kind
 * @property {string | null} label
 * @property {number} [seq]
 * @property {number} [created_at] seconds since the epoch
 * @property {string | null} [bulk] the action that labelled it together with others
 * @property {Task} [task] the task as it was when it was answered
 *
 * @typedef {object} AnnotationBody what POST /api/annotations takes
 * @property {string} annotation_id
 * @property {string} image_id
 * @property {Kind} kind
 * @property {string} [label]
 * @property {string} annotator
 * @property {number} [duration_ms]
 * @property {number} [queue_version]
 *
 * @typedef {object} BulkBody what POST /api/annotations/bulk takes
 * @property {string} bulk_id
 * @property {string} like annotation id of the label that is given to further images
 * @property {string} label
 * @property {string[]} image_ids
 * @property {string} annotator
 * @property {string} client
 *
 * @typedef {object} Row one request that waits in the outbox
 * @property {string} id annotation id and operation
 * @property {number} order rows are sent by it, lowest first
 * @property {"label" | "bulk" | "undo"} op
 * @property {string} annotation_id
 * @property {AnnotationBody | BulkBody | null} body null for an undo
 * @property {Entry | null} entry what the page shows of it; null for an undo and for a bulk action
 * @property {Entry[]} [entries] what the page shows of a bulk action
 * @property {string} [refused] the labeler's sentence, once it said that this can never succeed
 *
 * @typedef {{id: number, name: string, key: string, count: number, color: number}} ClassInfo
 * @typedef {{value: number, low: number | null, high: number | null, n: number}} Metric
 * @typedef {{at_least?: number | null, at_most?: number | null}} Threshold
 * @typedef {{metric: string, reached: boolean, sentence: string}} Outlook
 * @typedef {{rule: string, holds: boolean, stops: boolean, sentence: string}} Advice
 * @typedef {{round: number, state: "training" | "embedding" | "accepted" | "refused" | "failed", labels: number, progress: number, sentence: string, time: number}} SlowRound
 *
 * @typedef {object} TrainerNews
 * @property {boolean} connected
 * @property {string} state
 * @property {number} model_version
 * @property {number} applied_seq
 * @property {number} pool
 * @property {number} embedded
 * @property {number} pending
 * @property {string} backbone
 * @property {string} detail
 *
 * @typedef {{version: number, based_on_seq: number, strategy: string, size: number, age_s: number | null}} QueueNews
 *
 * @typedef {object} State the answer of GET /api/state
 * @property {"setup" | "labelling" | "paused" | "stopping" | "stopped"} session
 * @property {string} stop_reason
 * @property {ClassInfo[]} classes
 * @property {Record<"images" | "labelled" | "bulk" | "train" | "test" | "skipped" | "flagged" | "remaining" | "duplicates" | "unreadable" | "removed" | "test_total", number>} counts
 * @property {TrainerNews} trainer
 * @property {QueueNews} queue
 * @property {Record<string, Metric>} metrics
 * @property {{found: number, indexed: number, done: boolean}} scan
 * @property {number} last_seq
 * @property {Outlook[]} outlook
 * @property {Advice[]} advice
 * @property {SlowRound[]} slow rounds of the slow loop, newest first
 * @property {Record<string, Threshold>} thresholds
 * @property {{revision: number}} settings what was changed while it ran
 * @property {{code: string, message: string} | null} problem
 * @property {string} folder the image folder
 * @property {string} version
 *
 * @typedef {object} HistoryRow one evaluation of GET /api/metrics
 * @property {number} seq
 * @property {number} labels
 * @property {number} test_labels
 * @property {number} time
 * @property {number} model_version
 * @property {number | null} train_loss
 * @property {Record<string, Metric>} metrics
 * @property {Advice[]} [advice] with the newest row alone
 */
export {};
