/** As SDK clients take a signal, where there is one. */
export const abortable = (signal?: AbortSignal): { abortSignal?: AbortSignal } =>
  signal ? { abortSignal: signal } : {}
