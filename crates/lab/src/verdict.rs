//! 单项判定 and the reasons for it.

use hege_core::words;

words! {
    /// 单项判定.
    pub enum ItemVerdict {
        Conforming = "conforming", "合格项", "conforming";
        Nonconforming = "nonconforming", "不合格项", "nonconforming";
        NotJudgeable = "not_judgeable", "不判定", "not judgeable";
    }
}

words! {
    /// Why an item was judged as it was.
    pub enum Reason {
        WithinLimit = "within_limit", "符合限量", "within the limit";
        BeyondLimit = "beyond_limit", "超出限量", "beyond the limit";
        NotDetected = "not_detected", "未检出", "not detected";
        Detected = "detected", "检出", "detected";
        Empty = "result_missing", "未填检验结果", "no result was given";
        AmbiguousComma = "ambiguous_comma", "逗号有歧义（千分位、小数点或两个数值）", "the comma has two readings";
        AmbiguousSlash = "ambiguous_slash", "斜杠有歧义（疑为小数点丢失）", "the slash may be a lost decimal point";
        LostExponent = "lost_exponent", "疑为指数上标丢失", "the exponent may have lost its mark";
        UnknownUnit = "unknown_unit", "单位不能识别", "the unit is not known";
        TooManyDigits = "too_many_digits", "数字位数超出可精确保存的范围", "more digits than can be kept exactly";
        NotAValue = "not_a_value", "不是数值或规定的表述", "neither a value nor a known wording";
        UnitMissing = "unit_missing", "缺少单位", "a unit is missing";
        UnitsConflict = "units_conflict", "结果自带单位与所填单位不一致", "the unit beside the value is another than the one stated";
        UnitMismatch = "unit_mismatch", "单位不能精确换算", "the units do not convert exactly";
        LodMissing = "lod_missing", "未检出但缺少检出限", "not detected, and no limit of detection is given";
        LodAboveLimit = "lod_above_limit", "检出限高于限量", "the limit of detection is above the limit";
        LodAboveRequired = "lod_above_required", "检出限高于方法要求", "the limit of detection is above the one required";
        LodUnreadable = "lod_unreadable", "检出限不能识别", "the limit of detection cannot be read";
        LoqUnreadable = "loq_unreadable", "定量限不能识别", "the limit of quantification cannot be read";
        LodAboveLoq = "lod_above_loq", "检出限高于定量限", "the limit of detection is above the limit of quantification";
        BelowOwnLod = "below_own_lod", "结果低于自身检出限，须复核", "the value is below its own limit of detection; review";
        Trace = "trace", "介于检出限与定量限之间，须复核", "between detection and quantification; review";
        Undecided = "undecided", "区间结果不能判定", "the interval lies on both sides of the limit";
        CountNumber = "count_number", "结果份数与 n 不符", "the number of counts is not n";
        PartNumber = "part_number", "各组分数与限量数不符", "parts and maxima differ in number";
        BadPart = "bad_part", "组分结果不能识别", "a part cannot be read";
        PartsMissing = "parts_missing", "未填组分名称", "the names of the parts are missing";
        PartLimit = "part_limit_missing", "组分无最大使用量", "a part has no maximum";
        DeclaredMissing = "declared_missing", "未填标签明示值", "the declared value is missing";
        MoistureMissing = "moisture_missing", "缺少水分，不能换算干基", "moisture is missing for the dry-matter basis";
        DryingMissing = "drying_missing", "缺少脱水率或干、鲜品水分，不能折算鲜品", "the dehydration rate, or moisture dried and fresh, is missing";
        BadCriterion = "bad_criterion", "判定依据不完整或不能识别", "the criterion is incomplete or cannot be read";
        RowMalformed = "row_malformed", "本行字段数与表头不符或不是 UTF-8", "the row has other fields than the header, or is not UTF-8";
        BadDate = "bad_date", "判定日期缺失或不能识别", "the deciding date is missing or cannot be read";
        UnknownFood = "unknown_food", "食品名称或类别未知", "the food is not known";
        UnknownAnalyte = "unknown_analyte", "检验项目未知", "the analyte is not known";
        NoCriterion = "no_criterion", "无适用限量", "no criterion applies";
        NoEditionInForce = "no_edition_in_force", "该日期无有效版本", "no edition is in force on the date";
        UnverifiedCriterion = "unverified_criterion", "限量未经核实", "the limit has not been verified";
    }
}
