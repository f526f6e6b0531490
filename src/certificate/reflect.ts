/**
 * A separate module, because Bun's bundler runs CommonJS packages after the ES modules of the same file, and tsyringe
 * (inside x509) needs this one first.
 */
import 'reflect-metadata'
