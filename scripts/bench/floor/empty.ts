/** What the runtime alone takes. */
export {}
