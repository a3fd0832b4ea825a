/**
 * What is sent and answered, by the names that a caller uses. All of it comes from libs/contracts, and as types alone:
 * nothing of its schemas is loaded, and the package is built with these types written out.
 */
import type { AnswerOf, BodyGiven, ProblemCode, ProgressView, QueryGiven, Routes } from '#contracts';
import type { OperationErrorCode } from '#domain';

export type Container = AnswerOf<Routes['getContainer']>;
export type ContainerCreate = BodyGiven<Routes['createContainer']>;
export type ContainerUpdate = BodyGiven<Routes['updateContainer']>;
export type ContainerStop = BodyGiven<Routes['stopContainer']>;
export type ContainerDelete = QueryGiven<Routes['deleteContainer']>;
export type ContainerPage = AnswerOf<Routes['listBots']>;
export type BotQuery = QueryGiven<Routes['listBots']>;
export type Stats = AnswerOf<Routes['containerStats']>;

export type Operation = AnswerOf<Routes['getOperation']>;
export type OperationPage = AnswerOf<Routes['listOperations']>;
export type OperationQuery = QueryGiven<Routes['listOperations']>;
export type OperationFault = OperationErrorCode;

export type Snapshot = AnswerOf<Routes['getSnapshot']>;
export type SnapshotPage = AnswerOf<Routes['listSnapshots']>;
export type SnapshotQuery = QueryGiven<Routes['listSnapshots']>;
export type SnapshotCreate = BodyGiven<Routes['createSnapshot']>;
export type SnapshotRestore = BodyGiven<Routes['restoreSnapshot']>;

export type Exec = BodyGiven<Routes['exec']>;
export type ExecResult = AnswerOf<Routes['exec']>;

export type Task = AnswerOf<Routes['getTask']>;
export type TaskPage = AnswerOf<Routes['listTasks']>;
export type TaskQuery = QueryGiven<Routes['listTasks']>;
export type TaskCreate = BodyGiven<Routes['createTask']>;
export type TaskEnd = QueryGiven<Routes['endTask']>;

export type FileList = AnswerOf<Routes['listFiles']>;
export type FileEntry = FileList['entries'][number];
export type FilePageQuery = Omit<QueryGiven<Routes['listFiles']>, 'path'>;
export type FileWritten = AnswerOf<Routes['writeFile']>;
export type FileMove = BodyGiven<Routes['moveFile']>;
export type FileMoved = AnswerOf<Routes['moveFile']>;
export type FileDelete = Omit<QueryGiven<Routes['deleteFile']>, 'path'>;
export type Directory = AnswerOf<Routes['createDirectory']>;
export type ArchiveUnpacked = AnswerOf<Routes['writeArchive']>;

export type EventPage = AnswerOf<Routes['botEvents']>;
/** One committed, numbered change of a bot. */
export type BotEvent = EventPage['items'][number];
export type BotEventQuery = QueryGiven<Routes['botEvents']>;
/** How far a running operation has come. */
export type Progress = ProgressView;
export type TenantEventQuery = QueryGiven<Routes['tenantEvents']>;

export type Whoami = AnswerOf<Routes['whoami']>;
export type ApiKeyCreate = BodyGiven<Routes['createApiKey']>;
export type ApiKeyWithSecret = AnswerOf<Routes['createApiKey']>;
export type ApiKeyPage = AnswerOf<Routes['listApiKeys']>;
export type ApiKey = ApiKeyPage['items'][number];
export type ApiKeyQuery = QueryGiven<Routes['listApiKeys']>;
export type TenantCreate = BodyGiven<Routes['createTenant']>;
export type Tenant = AnswerOf<Routes['createTenant']>;
export type Node = AnswerOf<Routes['getNode']>;
export type NodePage = AnswerOf<Routes['listNodes']>;
export type NodeQuery = QueryGiven<Routes['listNodes']>;

export type ErrorCode = ProblemCode;
