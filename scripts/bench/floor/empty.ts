/** An empty program: the cost of the runtime alone. */
export {}
