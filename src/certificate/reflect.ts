/**
 * A module of its own: Bun's bundler runs CommonJS packages after the ES modules of the same file, and tsyringe (inside
 * x509) wants this one first.
 */
import 'reflect-metadata'
