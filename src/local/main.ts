// The embedded stack's process.
export {};
