/** From a git tree to a site that serves it: image, registry, host, containers, edge, database, release. */
export { assembleImage, type AssembledImage, type AssembleOptions, defaultBase } from "./image/assemble.ts";
export { startCommand } from "./image/command.ts";
export { buildDockerfile, saveDockerfile } from "./image/dockerfile.ts";
export { readSaved } from "./image/saved.ts";
export { createRegistry, type Registry } from "./registry/client.ts";
export { keepDependencies } from "./registry/dependencies.ts";
export { contentIn, contentOf, type ImageContent } from "./registry/content.ts";
export type { RegistryCredentials } from "./registry/auth.ts";
export {
  findImageForTree,
  pushContent,
  type PushedImage,
  pushImage,
  resolveTag,
  tagImage,
  treeTag,
} from "./registry/push.ts";
export { sentHost } from "./registry/sent.ts";
export { type ImageStore, storeOn } from "./registry/store.ts";
export { byDigest, type ImageReference, parseReference, registryUrl } from "./registry/reference.ts";
export { connectHost, type ConnectFailure, type ConnectOptions } from "./host/connect.ts";
export { giveWayPath, giveWayProgram } from "./host/give-way.ts";
export type { Host, HostCommand, HostHttpRequest, Terminal } from "./host/host.ts";
export { commandLine, quote, shellScript } from "./host/quote.ts";
export {
  type BackupProof,
  backupStatus,
  type BackupStatus,
  exportDatabase,
  importDatabase,
  listBackups,
  moveBackup,
  restoreBackup,
  runScheduledBackup,
  type StoredBackup,
  takeBackup,
  verifyBackup,
} from "./database/backup.ts";
export { type DatabaseLogin, loginOf, retireLogin, turns } from "./database/role.ts";
export { edgeConfiguration, type EdgeSettings, type Slot } from "./edge/configuration.ts";
export { compose } from "./containers/docker.ts";
export { breakLease, type Lease, type LeaseOwner, leaseStatus, type LeaseStatus, takeLease } from "./lease/lease.ts";
export { deployRelease } from "./release/deploy.ts";
export { type Inspection, inspectEnvironment } from "./release/inspect.ts";
export { type Layout, layoutOn as projectLayout } from "./release/layout.ts";
export { type Maintenance, setMaintenance } from "./release/maintenance.ts";
export { releaseSteps, type ReleaseStep } from "./release/steps.ts";
export {
  listReleases,
  type LogOptions,
  releaseLogs,
  releaseStatus,
  type ReleaseStatus,
  removeAll,
  rollbackRelease,
  releaseCommand,
  runInRelease,
} from "./release/operate.ts";
export type {
  Allowance,
  CommitOrder,
  DeployOptions,
  DeployTarget,
  PendingRelease,
  RegistryAccess,
  ReleaseContext,
  ReleaseImage,
  ReleaseProcess,
  ReleaseReceipt,
  ReleaseRecord,
  ReleaseSettings,
  RestorePoint,
} from "./release/model.ts";
